/** What pages load beside themselves: style sheets, scripts, pictures, fonts, sound and film, by the end of their paths. */
export const ASSET_EXTENSIONS: readonly string[] =
  'css js mjs map png jpg jpeg gif svg webp avif ico bmp woff woff2 ttf otf eot mp3 mp4 m4a m4v ogg webm wav webmanifest'.split(
    ' ',
  );

const ASSETS = new Set(ASSET_EXTENSIONS);
const LONGEST = Math.max(...ASSET_EXTENSIONS.map(({ length }) => length));

/** Whether a path, without its query, is of something that a page loads beside itself; one that is not known is not. */
export function isAssetPath(path: string | null | undefined): boolean {
  if (path === null || path === undefined) return false;
  const semicolon = path.indexOf(';');
  const plain = semicolon < 0 ? path : path.slice(0, semicolon);
  const dot = plain.lastIndexOf('.');
  if (dot < 0 || plain.length - dot - 1 > LONGEST) return false;
  return ASSETS.has(plain.slice(dot + 1).toLowerCase());
}
