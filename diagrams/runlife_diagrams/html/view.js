// Pan and zoom: what is seen is the view box of the SVG. `whole` is all of it, and 100 %.
function makeView(svg, stage, still, say) {
  const { x, y, width, height } = svg.viewBox.baseVal;
  const whole = { x, y, width, height };
  let box = whole;
  let moving = 0;

  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
  const zoom = () => whole.width / box.width;
  // The zoom at which a unit of the picture has so many pixels; its words are ten units high.
  const zoomTo = (pixels) => (pixels * zoom()) / svg.getScreenCTM().a;
  const within = (zoom) => clamp(zoom, 0.5, Math.max(4, zoomTo(8)));

  function set(next) {
    const wide = whole.width / within(whole.width / next.width);
    const high = (wide * whole.height) / whole.width;
    const middle = (start, size, from, room) => clamp(start + size / 2, from, from + room);
    const left = middle(next.x, next.width, whole.x, whole.width) - wide / 2;
    const top = middle(next.y, next.height, whole.y, whole.height) - high / 2;
    box = { x: left, y: top, width: wide, height: high };
    svg.setAttribute("viewBox", [left, top, wide, high].map((value) => value.toFixed(2)).join(" "));
    stage.classList.toggle("near", zoom() > 1.01);
  }

  function glide(next) {
    cancelAnimationFrame(moving);
    if (still.matches) return set(next);
    const from = box;
    let began;
    const step = (now) => {
      began ??= now;
      const t = clamp((now - began) / 180, 0, 1);
      const eased = t * (2 - t);
      const between = (key) => from[key] + (next[key] - from[key]) * eased;
      set({ x: between("x"), y: between("y"), width: between("width"), height: between("height") });
      if (t < 1) moving = requestAnimationFrame(step);
    };
    moving = requestAnimationFrame(step);
  }

  const inside = (clientX, clientY) => new DOMPoint(clientX, clientY).matrixTransform(svg.getScreenCTM().inverse());

  // The same point stays under the pointer; without one, the middle stays where it is.
  function scale(factor, point = { x: box.x + box.width / 2, y: box.y + box.height / 2 }) {
    cancelAnimationFrame(moving);
    const shrink = within(zoom() * factor) / zoom();
    const keep = (start, at) => at - (at - start) / shrink;
    set({ x: keep(box.x, point.x), y: keep(box.y, point.y), width: box.width / shrink, height: box.height / shrink });
  }

  function pan(across, down) {
    cancelAnimationFrame(moving);
    const { a } = svg.getScreenCTM();
    set({ ...box, x: box.x - across / a, y: box.y - down / a });
  }

  function bounds(elements) {
    const rects = [...elements].map((element) => element.getBoundingClientRect());
    const from = inside(Math.min(...rects.map((r) => r.left)), Math.min(...rects.map((r) => r.top)));
    const to = inside(Math.max(...rects.map((r) => r.right)), Math.max(...rects.map((r) => r.bottom)));
    return { x: from.x, y: from.y, width: to.x - from.x, height: to.y - from.y };
  }

  // Near to a part, with all that belongs to it as long as that can be read.
  function around(part, belonging) {
    const fitting = ({ width, height }) => Math.min(whole.width / (width + 40), whole.height / (height + 40));
    const readable = zoomTo(1.3);
    const all = bounds(belonging);
    const { x, y, width, height } = fitting(all) < readable ? bounds([part]) : all;
    const factor = clamp(fitting({ width, height }), Math.max(1, readable), Math.max(1, zoomTo(2.5)));
    const size = { width: whole.width / factor, height: whole.height / factor };
    glide({ x: x + (width - size.width) / 2, y: y + (height - size.height) / 2, ...size });
  }

  // Bring what has the focus into sight, and move nothing if it is.
  function reveal(element) {
    const rect = element.getBoundingClientRect();
    const frame = stage.getBoundingClientRect();
    const seen =
      rect.left >= frame.left && rect.right <= frame.right && rect.top >= frame.top && rect.bottom <= frame.bottom;
    if (seen) return;
    const { x, y, width, height } = bounds([element]);
    glide({ ...box, x: x + (width - box.width) / 2, y: y + (height - box.height) / 2 });
  }

  // One pointer drags, two pinch. A click is a press that has hardly moved.
  const pressed = new Map();
  let dragged = false;
  const spread = ([a, b]) => Math.hypot(a.x - b.x, a.y - b.y);
  stage.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.target.closest("button")) return;
    if (pressed.size === 0) dragged = false;
    pressed.set(event.pointerId, { x: event.clientX, y: event.clientY, fromX: event.clientX, fromY: event.clientY });
  });
  stage.addEventListener("pointermove", (event) => {
    const last = pressed.get(event.pointerId);
    if (!last) return;
    const now = { ...last, x: event.clientX, y: event.clientY };
    if (!dragged && Math.hypot(now.x - now.fromX, now.y - now.fromY) < 5) return;
    if (!dragged) stage.setPointerCapture(event.pointerId);
    dragged = true;
    const before = [...pressed.values()];
    pressed.set(event.pointerId, now);
    if (pressed.size === 2) {
      const after = [...pressed.values()];
      const middle = inside((after[0].x + after[1].x) / 2, (after[0].y + after[1].y) / 2);
      scale(spread(after) / Math.max(spread(before), 1), middle);
    } else if (event.pointerType !== "touch" || stage.classList.contains("near")) {
      pan(now.x - last.x, now.y - last.y);
    }
  });
  for (const name of ["pointerup", "pointercancel"]) {
    stage.addEventListener(name, (event) => pressed.delete(event.pointerId));
  }
  stage.addEventListener("click", (event) => dragged && event.detail && event.stopImmediatePropagation(), true);

  // A plain wheel scrolls the page, until the picture has the focus; with Ctrl (and a pinch) it always zooms.
  stage.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && !event.metaKey && !stage.contains(document.activeElement)) return;
      event.preventDefault();
      const lines = event.deltaMode === 1 ? 16 : 1;
      scale(Math.exp((-event.deltaY * lines * (event.ctrlKey ? 3 : 1)) / 600), inside(event.clientX, event.clientY));
    },
    { passive: false },
  );

  let before;
  addEventListener("beforeprint", () => {
    before = box;
    set(whole);
  });
  addEventListener("afterprint", () => set(before));

  const told = (act) => {
    act();
    say(`zoom ${Math.round(zoom() * 100)} %`);
  };
  return {
    nearer: () => told(() => scale(1.25)),
    farther: () => told(() => scale(0.8)),
    fit: () => glide(whole),
    pan,
    around,
    reveal,
  };
}
