// What makes the page live. All of it can be read without: the picture, the way through it, the tables.
const byId = (id) => document.getElementById(id);
const svg = document.querySelector("svg.runlife");
const still = matchMedia("(prefers-reduced-motion: reduce)");
const say = (text) => byId("live").replaceChildren(text);

document.documentElement.classList.add("scripted");

// A line is thin: a wider one that is not seen lies over it, for the pointer.
for (const line of svg.querySelectorAll("g.edge[id] > path.line")) {
  const hit = line.cloneNode();
  hit.setAttribute("class", "hit");
  line.before(hit);
}

const model = readModel(svg);
const view = makeView(svg, byId("stage"), still, say);
const chooser = makeChooser(model, svg, byId("stage"), byId("panel"), say);
const walk = makeWalk(model, svg, byId("stage"), view);
const finder = makeFinder(model, svg, byId("find"), walk, say);
const player = byId("steps") && makePlayer(model, svg, byId("steps"), byId("player"), still, say);

function look() {
  const chosen = svg.querySelector(".chosen");
  if (chosen) view.around(chosen, svg.querySelectorAll(".lit"));
}

const dark = byId("dark");
const darkNow = () => matchMedia(dark.media).matches;
const help = byId("help");

const tellTheme = () => byId("theme").setAttribute("aria-pressed", String(darkNow()));

function turn() {
  dark.media = darkNow() ? "not all" : "screen";
  tellTheme();
}

tellTheme();
matchMedia(dark.media).addEventListener("change", tellTheme);
byId("theme").addEventListener("click", turn);
byId("nearer").addEventListener("click", view.nearer);
byId("farther").addEventListener("click", view.farther);
byId("fit").addEventListener("click", view.fit);
byId("keys").addEventListener("click", () => help.showModal());
byId("close").addEventListener("click", () => help.close());
byId("stage").addEventListener("dblclick", (event) => (model.holding(event.target) ? look() : view.fit()));

function choose(part) {
  chooser.pin(part);
  walk.go(part);
  byId("stage").scrollIntoView({ block: "nearest" });
}

// A link to a part, in the tables and in the panel, moves no more than it has to.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='#']");
  const part = link && !event.defaultPrevented && model.part(link.hash.slice(1));
  if (!part) return;
  event.preventDefault();
  choose(part);
});

// A link from elsewhere has the same form: page.html#node-..., page.html#edge-...
function follow() {
  const part = model.part(location.hash.slice(1));
  if (part) choose(part);
}
addEventListener("hashchange", follow);
follow();

const keys = {
  "+": view.nearer,
  "=": view.nearer,
  "-": view.farther,
  0: view.fit,
  f: look,
  p: () => player?.play(),
  n: () => player?.on(),
  b: () => player?.back(),
  t: turn,
  "/": () => byId("find").focus(),
  "?": () => help.showModal(),
};
const pans = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
  if (event.key === "Escape") {
    finder.clear();
    chooser.free();
    return;
  }
  if (event.target.matches("input")) return;
  const pan = pans[event.key];
  const act =
    pan && byId("stage").contains(event.target)
      ? () => view.pan(...pan)
      : event.key === " " && event.target === document.body
        ? player && player.play
        : Object.hasOwn(keys, event.key) && keys[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});
