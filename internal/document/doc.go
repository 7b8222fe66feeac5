// Package document renders what is issued as files: invoices and credit notes as
// PDF, the people that an invoice bills as CSV. Both are renderings: the canonical
// JSON of package billing with its hash is the document.
//
// The same invoice gives the same bytes, always: nothing in a file comes from the
// clock, the machine or the order of a map. The typeface (Liberation Sans, under the
// SIL Open Font License 1.1, which allows embedding) is embedded as the subset that
// the text uses, so that a file looks alike everywhere and prints in ten years. It
// has Latin with Vietnamese, Greek, Cyrillic and Hebrew. A character that it lacks
// is drawn as a box, and a note on the page says where to read the text as typed.
//
// What people typed is shown as one line without invisible characters (words.Clean)
// and is never syntax: neither of a PDF nor of a spreadsheet.
package document
