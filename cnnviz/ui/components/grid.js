export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".root")
  const memory = memoryOf(parentElement)
  const { sprite, count } = data
  const [dead, marked] = [new Set(data.dead), new Set(data.marked)]
  const canvases = []
  const cells = Array.from({ length: count }, (_, i) => {
    const canvas = make("canvas", { width: sprite.width, height: sprite.height })
    canvases.push(canvas)
    const words = data.captions?.[i]?.filter(Boolean) ?? []
    const says = data.tooltips?.[i] ?? (words.join(", ") || String(i))
    return make("button", { type: "button", "data-testid": `tile-${i}`, title: says,
      "aria-label": says, "aria-pressed": String(i === data.selected),
      class: `cell ${dead.has(i) ? "dead" : ""} ${marked.has(i) ? "marked" : ""}`,
      onclick: () => setTriggerValue("clicked", i) },
    make("span", { class: "frame" }, canvas),
    ...(words.length
      ? [make("span", { class: "words" }, ...words.map((line) => make("span", {}, line)))] : []))
  })
  const grid = make("div", { class: "grid", role: "group", "aria-label": data.label,
    style: `--side:${data.side}px`, "data-testid": "grid" }, ...cells)
  const focused = cells.length && root.contains(parentElement.activeElement)
    ? parentElement.activeElement.dataset.testid : null
  root.replaceChildren(grid)
  if (focused) root.querySelector(`[data-testid="${focused}"]`)?.focus()

  // Each tile is cut out of the sprite onto a canvas of its own: no neighbour bleeds in.
  const paint = () => {
    canvases.forEach((canvas, i) => {
      const [row, column] = [Math.floor(i / sprite.columns), i % sprite.columns]
      canvas.getContext("2d").drawImage(memory.image, column * sprite.width, row * sprite.height,
        sprite.width, sprite.height, 0, 0, sprite.width, sprite.height)
    })
    grid.dataset.ready = "true"
  }
  const sharpen = () => {
    const large = (canvases[0]?.clientWidth ?? 0) >= 1.8 * sprite.width
    for (const canvas of canvases) canvas.style.imageRendering = large ? "pixelated" : "auto"
  }
  if (memory.src === sprite.src && memory.image.complete) paint()
  else {
    memory.src = sprite.src
    memory.image = new Image()
    memory.image.onload = paint
    memory.image.src = sprite.src
  }
  memory.observer?.disconnect()
  memory.observer = new ResizeObserver(sharpen)
  memory.observer.observe(grid)
  return atTheEnd(memory, () => memory.observer.disconnect())
}
