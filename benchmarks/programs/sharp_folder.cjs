// A folder of pictures made to fit a box: sharp, `at_a_time` pictures at once, one thread each.
'use strict';

const fs = require('node:fs/promises');
const path = require('node:path');
const sharp = require('sharp');

const [source, target, told] = process.argv.slice(2);
const task = JSON.parse(told);

sharp.concurrency(1);
sharp.cache(false);

async function resize(name) {
  await sharp(path.join(source, name), { autoOrient: true })
    .resize(task.width, task.height, { fit: 'inside' })
    .toFormat(task.format, { quality: task.quality })
    .toFile(path.join(target, path.parse(name).name + task.extension));
}

async function work(names) {
  for (let name = names.pop(); name !== undefined; name = names.pop()) {
    await resize(name);
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
