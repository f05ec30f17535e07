// A folder of pictures with sharp: `at_a_time` pictures at once, one thread each, several outputs by clone().
'use strict';

const fs = require('node:fs/promises');
const path = require('node:path');
const sharp = require('sharp');

const [source, target, told] = process.argv.slice(2);
const task = JSON.parse(told);

sharp.concurrency(1);
sharp.cache(false);

async function opened(file) {
  let picture = sharp(file, { autoOrient: true });
  for (const [name, ...values] of task.steps) {
    if (name === 'fit') {
      picture = picture.resize(values[0], values[1], { fit: 'inside' });
    } else if (name === 'scale') {
      const { width } = await sharp(file).metadata();
      picture = picture.resize(Math.round(width * values[0]));
    } else {
      throw new Error(name);
    }
  }
  return picture;
}

async function make(name) {
  const picture = await opened(path.join(source, name));
  const several = task.outputs.length > 1;
  await Promise.all(task.outputs.map((made) => {
    const one = several ? picture.clone().resize(made.width) : picture;
    return one
      .toFormat(made.format, made.quality ? { quality: made.quality } : {})
      .toFile(path.join(target, path.parse(name).name + made.tail));
  }));
}

async function work(names) {
  for (let name = names.pop(); name !== undefined; name = names.pop()) {
    await make(name);
  }
}

async function main() {
  const names = await fs.readdir(source);
  await Promise.all(Array.from({ length: task.at_a_time }, () => work(names)));
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
