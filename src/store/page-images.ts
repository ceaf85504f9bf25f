import type { Manifest, ManifestFile } from './manifest-format';

/** CRIU's name for the contents of memory, which alone is large; what it interprets lies in other files. */
const PAGES = /^images\/pages-\d+\.img$/;

/** Whether a file of a checkpoint holds nothing but pages of memory. */
export function isPageImage({ path }: Pick<ManifestFile, 'path'>): boolean {
  return PAGES.test(path);
}

/** How much memory a checkpoint holds. */
export function pageBytes({ files }: Pick<Manifest, 'files'>): number {
  return files.filter(isPageImage).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}
