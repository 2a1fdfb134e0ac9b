// Helpers in front of every component's own script.

// An element with properties; texts become text nodes, never markup.
const make = (tag, properties = {}, ...children) => {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue
    if (name === "class") element.className = value
    else if (name === "style") element.style.cssText = value
    else if (name.startsWith("on")) element[name] = value
    else element.setAttribute(name, value)
  }
  element.append(...children)
  return element
}

// What an instance remembers between runs of its script (a run follows every change of data).
const memories = new WeakMap()
const memoryOf = (parent) => {
  if (!memories.has(parent)) memories.set(parent, {})
  return memories.get(parent)
}

// What a component returns to be called at its end. Streamlit calls it also for a run of the script
// that another one overtook while it was being loaded: that must not end what goes on.
const atTheEnd = (memory, end) => {
  const run = (memory.run ?? 0) + 1
  memory.run = run
  return () => {
    if (memory.run === run) end()
  }
}

// "{count} images of {name}" with its places filled in.
const filled = (template, values) =>
  template.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole))

// ["{count} image", "{count} images"] → "1 image", "2,000 images".
const counted = (forms, n) => filled(forms[n === 1 ? 0 : 1], { count: n.toLocaleString("en") })

// base64 of little-endian numbers → typed array.
const unpack = (text, Kind) => {
  const raw = atob(text)
  const bytes = new Uint8Array(raw.length)
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i)
  return new Kind(bytes.buffer)
}

// Enlarged data are squares; photos near their own size stay smooth.
const crispWhenEnlarged = (image) => {
  const decide = () => {
    const large = image.clientWidth >= 1.8 * (image.naturalWidth || Infinity)
    image.style.imageRendering = large ? "pixelated" : "auto"
  }
  image.addEventListener("load", decide)
  return decide
}
