// Light or dark: as the system says, until the reader says otherwise. Colours are variables, so that no plot is drawn anew.
hap.theme = {
  dark: window.matchMedia("(prefers-color-scheme: dark)"),
  get current() {
    return document.documentElement.dataset.theme;
  },
  set(name) {
    document.documentElement.dataset.theme = name;
    const button = document.getElementById("theme");
    button.textContent = name === "dark" ? "light" : "dark";
    button.setAttribute("aria-label", `switch to ${button.textContent} colours`);
  },
  start() {
    const followSystem = () => this.set(this.dark.matches ? "dark" : "light");
    followSystem();
    this.dark.addEventListener("change", followSystem);
    document.getElementById("theme").addEventListener("click", () => {
      this.dark.removeEventListener("change", followSystem);
      this.set(this.current === "dark" ? "light" : "dark");
    });
  },
};
