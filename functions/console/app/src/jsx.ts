// What elements are made of: the bundler puts these names wherever a page has markup. They are names that no variable
// of a page has, since one that did would be called in their place.
export { Fragment as jsxFragment, h as jsxElement } from "preact";
