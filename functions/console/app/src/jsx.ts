// What elements are made of: the bundler puts these names wherever a page has markup.
export { Fragment, h } from "preact";
