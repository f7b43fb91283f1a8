import type { FileRole } from "./document.ts";

/** Extensions of files that hold weights. */
const WEIGHTS =
  /\.(?:gguf|ggml|safetensors|bin|pt|pth|ckpt|onnx|onnx_data|h5|msgpack|npz|npy|tflite|task|mlmodel|dduf|pdparams|llamafile|engine|plan|nemo|keras|caffemodel|pb)$/i;
const DOC =
  /(?:^|\/)(?:readme|licen[cs]e|notice|copying|changelog|use_policy|usage_policy)[^/]*$|\.(?:md|pdf|rst|html|png|jpe?g|gif|svg|webp)$/i;
const CODE = /\.(?:py|ipynb|sh|js|ts|c|cc|cpp|h|cu|rs|go)$/i;
/** `tokenizer.model` is no model, and `training_args.bin` no weights. */
const CONFIG =
  /(?:^|\/)(?:tokenizer\.model|spiece\.model|training_args\.bin|scheduler\.pt|optimizer\.pt|\.gitattributes)$|\.(?:json|txt|ya?ml|toml|ini|jinja2?|model|vocab|tiktoken|index|cfg|modelfile|xml)$/i;

/** What a file is for, as its name tells; everything unknown is configuration. */
export function roleOfPath(path: string): FileRole {
  if (CONFIG.test(path)) return "config";
  if (DOC.test(path)) return "doc";
  if (WEIGHTS.test(path)) return "weights";
  if (CODE.test(path)) return "code";
  return "config";
}
