// Embeds a folder of photographs with transformers.js and sharp, as its users do: batches of 16, local files only.
// usage: node embed.mjs MODELS MODEL IMAGES BATCH   (MODELS/MODEL/onnx/vision_model.onnx, config.json, preprocessor_config.json)
// Reads lines from standard input; for each line embeds everything once and prints one JSON line.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { env, AutoProcessor, CLIPVisionModelWithProjection, RawImage } from '@huggingface/transformers';

const [models, model, images, batchText] = process.argv.slice(2);
env.allowRemoteModels = false;
env.allowLocalModels = true;
env.localModelPath = models;

const batch = Number(batchText);
const files = (await readdir(images)).filter((name) => /\.(jpe?g|png|webp)$/i.test(name)).sort().map((name) => join(images, name));
const processor = await AutoProcessor.from_pretrained(model);
const encoder = await CLIPVisionModelWithProjection.from_pretrained(model, { dtype: 'fp32', device: 'cpu' });

async function run() {
  let first;
  const start = process.hrtime.bigint();
  const used = process.cpuUsage();
  for (let i = 0; i < files.length; i += batch) {
    const pictures = await Promise.all(files.slice(i, i + batch).map((file) => RawImage.read(file)));
    const { image_embeds } = await encoder(await processor(pictures));
    first ??= Array.from(image_embeds.data.slice(0, image_embeds.dims[1]));
  }
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  const { user, system } = process.cpuUsage(used);
  return { images: files.length, seconds, processor: (user + system) / 1e6, first };
}

console.log(JSON.stringify({ ready: true, images: files.length }));
for await (const _ of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await run()));
}
