// Thumbnails on the sheets of a sprite or an atlas, each fetched and decoded when one of its images
// is first needed; decoding happens beside the page, and what is decoded stays so.
const sheetsOf = (sprite, arrived) => {
  const { width, height } = sprite
  const files = sprite.sheets ?? [{ src: sprite.src, columns: sprite.columns }]
  const bitmaps = files.map(() => null)
  const asked = new Set()
  let over = false
  const fetchSheet = async (k) => {
    asked.add(k)
    try {
      const image = new Image()
      image.src = files[k].src
      await image.decode()
      const bitmap = await createImageBitmap(image)
      if (over) return bitmap.close()
      bitmaps[k] = bitmap
      arrived()
    } catch {
      asked.delete(k) // the server may be back when the next image of it is needed
    }
  }
  return {
    width,
    height,
    same: (other) => files.map((file) => file.src).join() ===
      (other.sheets ?? [other]).map((file) => file.src).join(),
    // Draw image i onto a canvas of the thumbnails' size; false while it is on its way.
    draw: (i, canvas) => {
      const k = sprite.perSheet ? Math.floor(i / sprite.perSheet) : 0
      const at = sprite.perSheet ? i % sprite.perSheet : i
      if (k >= files.length) return false
      if (!asked.has(k)) fetchSheet(k)
      if (!bitmaps[k]) return false
      const pen = canvas.getContext("2d")
      pen.clearRect(0, 0, width, height)
      pen.drawImage(bitmaps[k], (at % files[k].columns) * width,
        Math.floor(at / files[k].columns) * height, width, height, 0, 0, width, height)
      return true
    },
    close: () => {
      over = true
      bitmaps.forEach((bitmap) => bitmap?.close())
    },
  }
}
