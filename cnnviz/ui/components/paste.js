export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".root")
  const memory = memoryOf(parentElement)
  const text = make("div", { class: "text", "aria-live": "polite" }, data.hint)
  const place = make("div", { class: "place", tabindex: "0", role: "group", "aria-label": data.hint,
    "data-testid": "paste-area" }, text)
  if (memory.preview) place.prepend(make("img", { src: memory.preview, alt: "" }))

  const complain = () => {
    text.textContent = data.noImage
    text.classList.add("bad")
  }
  const take = async (file) => {
    try {
      const bitmap = await createImageBitmap(file)
      const scale = Math.min(1, data.largest / Math.max(bitmap.width, bitmap.height))
      const canvas = make("canvas")
      canvas.width = Math.max(1, Math.round(bitmap.width * scale))
      canvas.height = Math.max(1, Math.round(bitmap.height * scale))
      const pen = canvas.getContext("2d")
      pen.fillStyle = "#fff"
      pen.fillRect(0, 0, canvas.width, canvas.height)
      pen.imageSmoothingQuality = "high"
      pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height)
      // Small images are exact pixels; large ones are photos and would be slow as PNG.
      const small = canvas.width * canvas.height <= 512 * 512
      memory.preview = small ? canvas.toDataURL("image/png") : canvas.toDataURL("image/jpeg", 0.93)
      setTriggerValue("pasted", memory.preview)
      text.textContent = data.hint
      text.classList.remove("bad")
      place.querySelector("img")?.remove()
      place.prepend(make("img", { src: memory.preview, alt: "" }))
    } catch {
      complain()
    }
  }
  memory.onpaste = (event) => {
    const target = event.composedPath()[0]
    const here = event.composedPath().includes(place)
    const typing = target instanceof Element && target.closest("input, textarea, [contenteditable]")
    if (typing && !here) return
    const item = [...(event.clipboardData?.items ?? [])].find((i) => i.type.startsWith("image/"))
    if (item) {
      event.preventDefault()
      take(item.getAsFile())
    } else if (here) complain()
  }
  // One listener for the life of the instance; it calls what the latest run has set.
  if (!memory.listener) {
    memory.listener = (event) => memory.onpaste(event)
    document.addEventListener("paste", memory.listener)
  }
  if (navigator.clipboard?.read) {
    place.append(make("button", { class: "pill", type: "button", "data-testid": "paste-button",
      onclick: async () => {
        try {
          for (const item of await navigator.clipboard.read()) {
            const kind = item.types.find((type) => type.startsWith("image/"))
            if (kind) return take(await item.getType(kind))
          }
          complain()
        } catch {
          complain()
        }
      } }, data.button))
  }
  root.replaceChildren(place)
  return atTheEnd(memory, () => {
    document.removeEventListener("paste", memory.listener)
    memory.listener = null
  })
}
