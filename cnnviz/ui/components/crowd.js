// Ten thousand points as pixels. That many copies of a dot are slow as canvas calls where no graphics
// card helps, so they are blended into the picture here and drawn with one call.

// A dot (right) or a cross (wrong) with a thin edge in the paper's colour, ready to be copied: per
// pixel its place, its opacity (of 256) and its colour, already weighted by the opacity.
const stamp = (colour, r, ratio, paper, cross, opacity) => {
  const half = Math.ceil(r + 2.5)
  const size = Math.ceil(2 * half * ratio)
  const canvas = make("canvas", { width: size, height: size })
  const pen = canvas.getContext("2d", { willReadFrequently: true })
  pen.translate(size / 2, size / 2)
  pen.scale(ratio, ratio)
  if (cross) {
    const d = r * 0.95
    pen.lineCap = "round"
    for (const [width, look] of [[r * 0.7 + 1.6, paper], [r * 0.7, colour]]) {
      Object.assign(pen, { strokeStyle: look, lineWidth: width })
      pen.beginPath()
      pen.moveTo(-d, -d)
      pen.lineTo(d, d)
      pen.moveTo(-d, d)
      pen.lineTo(d, -d)
      pen.stroke()
    }
  } else {
    pen.beginPath()
    pen.arc(0, 0, r, 0, 7)
    Object.assign(pen, { fillStyle: colour, strokeStyle: paper, lineWidth: 0.8 })
    pen.fill()
    pen.stroke()
  }
  const pixels = pen.getImageData(0, 0, size, size).data
  const found = []
  for (let k = 0; k < size * size; k++) {
    const alpha = Math.round((pixels[4 * k + 3] / 255) * opacity * 256)
    if (alpha > 2) {
      const [red, green, blue] = pixels.subarray(4 * k, 4 * k + 3)
      found.push([(k % size) - (size >> 1), Math.floor(k / size) - (size >> 1), alpha,
        (blue * alpha) * 65536 + red * alpha, green * alpha,
        ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0])
    }
  }
  const column = (k, Kind) => Kind.from(found, (one) => one[k])
  return { reach: (size >> 1) + 1, count: found.length, x: column(0, Int32Array),
    y: column(1, Int32Array), alpha: column(2, Int32Array), redBlue: column(3, Uint32Array),
    green: column(4, Int32Array), whole: column(5, Uint32Array) }
}

// Lay a stamp over opaque pixels (a picture of width × height), its middle at (x, y).
const blend = (pixels, width, height, mark, x, y) => {
  const { reach, count, x: dx, y: dy, alpha, redBlue, green, whole } = mark
  const inside = x >= reach && y >= reach && x < width - reach && y < height - reach
  for (let k = 0; k < count; k++) {
    const px = x + dx[k]
    const py = y + dy[k]
    if (!inside && (px < 0 || py < 0 || px >= width || py >= height)) continue
    const at = py * width + px
    if (alpha[k] === 256) {
      pixels[at] = whole[k]
      continue
    }
    // Red and blue in one multiplication: each has eight bits of room above it.
    const under = pixels[at]
    const rest = 256 - alpha[k]
    pixels[at] = 0xff000000 |
      (((Math.imul(under & 0xff00ff, rest) + redBlue[k]) >>> 8) & 0xff00ff) |
      ((Math.imul((under >>> 8) & 0xff, rest) + green[k]) & 0xff00)
  }
}

// Where points lie in the unit square, by cells: who is near a place is found without looking at all.
const nearIndex = (at) => {
  const n = at.length / 2
  const side = Math.min(128, Math.max(1, Math.ceil(Math.sqrt(n / 3))))
  const cell = (v) => Math.min(side - 1, Math.max(0, Math.floor(v * side)))
  const starts = new Int32Array(side * side + 1)
  const home = new Int32Array(n)
  for (let i = 0; i < n; i++) {
    home[i] = cell(at[2 * i + 1]) * side + cell(at[2 * i])
    starts[home[i] + 1]++
  }
  for (let c = 0; c < side * side; c++) starts[c + 1] += starts[c]
  const [next, order] = [starts.slice(), new Int32Array(n)]
  for (let i = 0; i < n; i++) order[next[home[i]]++] = i
  // The nearest point not further than `radius` from (x, y) that is `wanted`; null where none is.
  return (x, y, radius, wanted) => {
    let [best, least] = [null, radius * radius]
    for (let row = cell(y - radius); row <= cell(y + radius); row++) {
      for (let column = cell(x - radius); column <= cell(x + radius); column++) {
        const c = row * side + column
        for (let k = starts[c]; k < starts[c + 1]; k++) {
          const i = order[k]
          const distance = (at[2 * i] - x) ** 2 + (at[2 * i + 1] - y) ** 2
          if (distance <= least && wanted(i)) [best, least] = [i, distance]
        }
      }
    }
    return best
  }
}

// Which points lie inside a closed line (even-odd rule); `line` holds pairs in the points' units.
const insideOf = (line, at, wanted) => {
  const [xs, ys] = [line.map((p) => p[0]), line.map((p) => p[1])]
  const [left, right] = [Math.min(...xs), Math.max(...xs)]
  const [low, high] = [Math.min(...ys), Math.max(...ys)]
  const found = []
  for (let i = 0; i < at.length / 2; i++) {
    const x = at[2 * i]
    const y = at[2 * i + 1]
    if (x < left || x > right || y < low || y > high || !wanted(i)) continue
    let inside = false
    for (let a = 0, b = line.length - 1; a < line.length; b = a++) {
      if (ys[a] > y !== ys[b] > y && x < ((xs[b] - xs[a]) * (y - ys[a])) / (ys[b] - ys[a]) + xs[a]) {
        inside = !inside
      }
    }
    if (inside) found.push(i)
  }
  return found
}

// The nearest point in a direction (−1, 0 or 1 for each axis) from point i: within a right angle of
// it, and what lies to the side counts as twice as far.
const towards = (i, [right, up], at, wanted) => {
  const [x, y] = [at[2 * i], at[2 * i + 1]]
  let [best, least] = [null, Infinity]
  for (let k = 0; k < at.length / 2; k++) {
    const [dx, dy] = [at[2 * k] - x, at[2 * k + 1] - y]
    const [ahead, aside] = [dx * right + dy * up, Math.abs(dx * up) + Math.abs(dy * right)]
    if (ahead <= 0 || aside > ahead || !wanted(k)) continue
    const distance = ahead ** 2 + (2 * aside) ** 2
    if (distance < least) [best, least] = [k, distance]
  }
  return best
}

// Classes of the plane's cells as a small picture that is drawn enlarged, the first row below.
const regions = ({ cells, side, none }, colours, opacity) => {
  const canvas = make("canvas", { width: side, height: side })
  const pen = canvas.getContext("2d")
  const picture = pen.createImageData(side, side)
  const classes = unpack(cells, Uint8Array)
  const parts = colours.map((colour) => [1, 3, 5].map((k) => parseInt(colour.slice(k, k + 2), 16)))
  classes.forEach((c, k) => {
    if (c === none || !parts[c]) return
    const [row, column] = [side - 1 - Math.floor(k / side), k % side]
    picture.data.set([...parts[c], Math.round(255 * opacity)], 4 * (row * side + column))
  })
  pen.putImageData(picture, 0, 0)
  return canvas
}

// `count` colours along a list of them.
const between = (colours, count) => {
  const parts = colours.map((colour) => [1, 3, 5].map((k) => parseInt(colour.slice(k, k + 2), 16)))
  return Array.from({ length: count }, (_, k) => {
    const place = count > 1 ? (k / (count - 1)) * (parts.length - 1) : 0
    const low = Math.min(Math.floor(place), Math.max(0, parts.length - 2))
    const [a, b] = [parts[low], parts[Math.min(low + 1, parts.length - 1)]]
    const mix = a.map((v, c) => Math.round(v + (b[c] - v) * (place - low)))
    return `#${mix.map((v) => v.toString(16).padStart(2, "0")).join("")}`
  })
}

const star = (pen, x, y, size, colour, paper) => {
  pen.beginPath()
  for (let k = 0; k < 10; k++) {
    const [angle, r] = [(k * Math.PI) / 5 - Math.PI / 2, k % 2 ? size * 0.45 : size]
    pen.lineTo(x + r * Math.cos(angle), y + r * Math.sin(angle))
  }
  pen.closePath()
  Object.assign(pen, { fillStyle: colour, strokeStyle: paper, lineWidth: 2.5 })
  pen.stroke()
  pen.fill()
}
