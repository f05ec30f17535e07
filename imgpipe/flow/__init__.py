"""How the time of a run went: what each stage worked and waited for, how full the channels were, what limited it.

A run notes it in a `Meter` (`run.execute(..., meter=meter)`); then `print(verdict(meter.flow()))`.
"""

from imgpipe.flow.figures import Flow, Queue, Stage
from imgpipe.flow.meter import Meter, Station
from imgpipe.flow.verdict import Verdict, verdict

__all__ = ["Flow", "Meter", "Queue", "Stage", "Station", "Verdict", "verdict"]
