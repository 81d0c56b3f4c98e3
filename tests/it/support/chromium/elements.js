// Functions by which the kit finds and describes elements, evaluated in the page.

const name = (element) => {
    const shown = element.getAttribute("aria-label") || element.innerText || element.value || element.name || element.id || "";
    return shown.replace(/\s+/g, " ").trim();
};

// A short description of an element, such as `button "Save"` or `input "email"`; a field has its name, not its value.
const describe = (element) => {
    const tag = element.tagName.toLowerCase();
    const isField = ["input", "select", "textarea"].includes(tag) && !["submit", "button"].includes(element.type);
    return `${tag} "${isField ? element.name || element.id : name(element)}"`;
};

const isVisible = (element) => element.checkVisibility({ visibilityProperty: true }) && element.getClientRects().length > 0;

const CLICKABLE = "a, button, summary, label, input[type=submit], input[type=button], [role=button]";

const clickable = () => [...document.querySelectorAll(CLICKABLE)].filter(isVisible);

const byText = (text) => clickable().find((element) => name(element) === text) ?? null;

// The centre of an element, after scrolling it into view; a text if another element would get the click, null while there is
// nothing to click.
const pointOf = (element) => {
    if (!element || !isVisible(element) || element.disabled) {
        return null;
    }
    element.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
    // A link that wraps has one rectangle for each line.
    const box = element.getClientRects()[0];
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    const hit = document.elementFromPoint(x, y);
    const isHit = hit && (element.contains(hit) || hit.contains(element) || hit.closest("label")?.control === element);
    return isHit ? { x, y } : `${hit ? describe(hit) : "nothing"} lies over ${describe(element)}`;
};

// Prepares a field for typing: selects its old value, so that the first character replaces it.
const readyToFill = (element) => {
    if (!element || !isVisible(element) || element.disabled || element.readOnly) {
        return null;
    }
    element.focus();
    element.select();
    return true;
};

const changed = (element) => {
    element.dispatchEvent(new Event("input", { bubbles: true }));
    element.dispatchEvent(new Event("change", { bubbles: true }));
    return true;
};

// Fields that are not typed into character by character, such as dates.
const setValue = (element, value) => {
    element.value = value;
    return changed(element);
};

// Chooses an option by its value or its text; a text if there is no such option, null if there is no field.
const choose = (element, wanted) => {
    if (!element || element.disabled) {
        return null;
    }
    const option = [...element.options].find((one) => one.value === wanted || one.label.trim() === wanted);
    if (!option) {
        return `no ${wanted} among ${[...element.options].map((one) => one.value).join(", ")}`;
    }
    element.focus();
    return setValue(element, option.value);
};
