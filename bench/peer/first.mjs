// The first vector of a cold process with transformers.js: from importing the package to one embedded photograph.
// usage: node first.mjs MODELS MODEL PHOTOGRAPH   (MODELS/MODEL/onnx/vision_model.onnx, config.json, preprocessor_config.json)
// Prints the seconds by the clock and of processor time.
const start = process.hrtime.bigint();
const used = process.cpuUsage();
const { env, AutoProcessor, CLIPVisionModelWithProjection, RawImage } = await import('@huggingface/transformers');
const [models, model, photograph] = process.argv.slice(2);
env.allowRemoteModels = false;
env.allowLocalModels = true;
env.localModelPath = models;
const processor = await AutoProcessor.from_pretrained(model);
const encoder = await CLIPVisionModelWithProjection.from_pretrained(model, { dtype: 'fp32', device: 'cpu' });
const { image_embeds } = await encoder(await processor([await RawImage.read(photograph)]));
if (!(image_embeds.data.length > 0)) {
  throw new Error('There is no vector.');
}
const { user, system } = process.cpuUsage(used);
console.log(Number(process.hrtime.bigint() - start) / 1e9, (user + system) / 1e6);
