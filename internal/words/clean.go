package words

import (
	"strings"
	"unicode"
)

const (
	// maxValueRunes bounds one value in a mail. Names and invoice lines are well
	// below; it keeps a mail readable where something else was handed in.
	maxValueRunes = 200
	// maxMarks bounds the combining marks on one character. Writing systems need
	// at most five; more is a tower that paints over other lines.
	maxMarks = 6
	// ellipsis ends a text that was cut.
	ellipsis = "…"
)

// Clean is what happens to every value before it is shown in a mail:
//
//   - bytes that are not UTF-8 become U+FFFD;
//   - every run of white space, line and paragraph ends included, becomes one
//     space, and the ends are trimmed, so that a value is one line;
//   - control characters, bidirectional controls, zero-width and other invisible
//     characters are dropped. The joiners U+200C and U+200D stay between letters
//     of scripts that need them and within emoji;
//   - more than six combining marks in a row are dropped;
//   - a text of more than 200 characters is cut and ends with "…".
//
// Everything else stays as typed. Clean is idempotent.
func Clean(s string) string {
	in := []rune(strings.ToValidUTF8(s, "\uFFFD"))
	out := make([]rune, 0, len(in))
	space, joiner, marks := false, rune(0), 0
	for _, r := range in {
		switch {
		case unicode.IsSpace(r) || unicode.In(r, unicode.Z):
			space, joiner = len(out) > 0, 0
			continue
		case r == '\u200C' || r == '\u200D':
			joiner = r
			continue
		case invisible(r):
			continue
		case unicode.In(r, unicode.Mn, unicode.Me):
			if marks++; marks > maxMarks {
				continue
			}
		default:
			marks = 0
		}
		if space {
			out = append(out, ' ')
		} else if joiner != 0 && len(out) > 0 && joins(out[len(out)-1]) && joins(r) {
			out = append(out, joiner)
		}
		space, joiner = false, 0
		out = append(out, r)
	}
	return Cut(string(out), maxValueRunes)
}

// invisible reports characters that show nothing by themselves or change how
// others are shown: controls, format characters, fillers, noncharacters.
// Signs that precede numbers in Arabic and Syriac are visible format characters.
func invisible(r rune) bool {
	switch {
	case unicode.Is(unicode.Prepended_Concatenation_Mark, r):
		return false
	case unicode.Is(unicode.Variation_Selector, r):
		return false
	case r == '\u2800': // the empty Braille pattern: a blank that is no space
		return true
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Cs,
		unicode.Other_Default_Ignorable_Code_Point, unicode.Noncharacter_Code_Point)
}

// joins reports whether a joiner next to r can mean something: letters of scripts
// other than the European ones, their marks, and the signs of emoji.
func joins(r rune) bool {
	const firstBeyondEurope = 0x0590 // Hebrew begins here
	if r < firstBeyondEurope || unicode.In(r, unicode.Latin, unicode.Greek, unicode.Cyrillic) {
		return false
	}
	return unicode.In(r, unicode.L, unicode.M, unicode.So, unicode.Sk)
}

// Cut shortens s to at most max characters, the last being an ellipsis.
func Cut(s string, max int) string {
	if len(s) <= max {
		return s
	}
	r := []rune(s)
	if len(r) <= max {
		return s
	}
	return strings.TrimRight(string(r[:max-1]), " \u200C\u200D") + ellipsis
}
