"""How the docs site is made: `make docs` writes it to docs/_build/html. Nothing is fetched from the network."""

import os
import sys

from imgpipe import __version__

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "_ext"))

project = "imgpipe"
author = "The imgpipe developers"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "command_line"]
exclude_patterns = ["_build"]

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
# Pages that are there in some states of the repository only.
suppress_warnings = ["toc.empty_glob"]

default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 80
# Every name of imgpipe must lead somewhere; those of Python, numpy and Pillow cannot without the network, and
# how a filter is registered is nobody's affair.
nitpick_ignore_regex = [(r"py:.*", r"(?!imgpipe\b).*|imgpipe\.filters\.(?:registry|traits)\..*")]

html_theme = "furo"
html_title = "imgpipe"
html_show_sphinx = False
html_show_copyright = False
html_copy_source = False
pygments_style = "friendly"
pygments_dark_style = "github-dark"
html_static_path = ["_static"]
html_css_files = ["imgpipe.css"]
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#a8480f", "color-brand-content": "#a8480f"},
    "dark_css_variables": {"color-brand-primary": "#f0a35e", "color-brand-content": "#f0a35e"},
}
