/**
 * Names of files that Python unpickles, which runs whatever code they hold. `.bin` means many
 * things; those of PyTorch have customary names.
 */
const pickle =
  /\.(?:pt|pth|ckpt|pkl|pickle|joblib|dill|nemo)$|(?:^|[/._-])(?:pytorch_model|adapter_model|training_args|optimizer|scheduler|random_states|rng_state)[^/]*\.bin$/i;

/** Whether a file is a pickle, as its path tells. */
export function isPickleFile(path: string): boolean {
  return pickle.test(path);
}
