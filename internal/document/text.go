package document

import (
	"slices"
	"strings"
	"unicode"

	"github.com/go-fonts/liberation/liberationsansregular"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/text/unicode/norm"

	"github.com/usher-seats/usher/internal/words"
)

// box stands for a character that the typeface lacks.
const box = '□'

// typesetter turns text as typed into text as drawn.
type typesetter struct {
	face   *sfnt.Font
	buffer sfnt.Buffer
	// lacking is set once a box was drawn.
	lacking bool
}

func newTypesetter() (*typesetter, error) {
	face, err := sfnt.Parse(liberationsansregular.TTF)
	if err != nil {
		return nil, err
	}
	return &typesetter{face: face}, nil
}

// set gives the drawn form of a value, in the order in which it was typed: one
// line, composed, without joiners and selectors, which select nothing here.
func (t *typesetter) set(s string) string {
	var b strings.Builder
	boxed := false
	for _, r := range norm.NFC.String(words.Clean(s)) {
		switch {
		case r == '\u200C' || r == '\u200D' || unicode.Is(unicode.Variation_Selector, r):
			continue
		case t.has(r):
			b.WriteRune(r)
			boxed = false
			continue
		}
		if plain := norm.NFKC.String(string(r)); t.hasAll(plain) {
			b.WriteString(plain) // a full-width letter, a ligature, a circled number
			boxed = false
			continue
		}
		t.lacking = true
		if boxed && unicode.Is(unicode.M, r) {
			continue // a mark on what is a box already
		}
		b.WriteRune(box)
		boxed = true
	}
	return strings.TrimSpace(b.String())
}

// has reports whether the typeface draws the character. Beyond the basic plane the
// PDF's encoding ends.
func (t *typesetter) has(r rune) bool {
	const lastOfBasicPlane = 0xFFFF
	if r > lastOfBasicPlane || unicode.Is(unicode.C, r) {
		return false
	}
	glyph, err := t.face.GlyphIndex(&t.buffer, r)
	return err == nil && glyph != 0
}

func (t *typesetter) hasAll(s string) bool {
	for _, r := range s {
		if !t.has(r) {
			return false
		}
	}
	return s != ""
}

// visual puts a line into the order in which it is drawn from left to right: runs of
// Hebrew, with the numbers, spaces and signs between its words, are turned round, and
// the numbers in them back again. That is what the Unicode bidirectional algorithm
// does to a line from left to right of letters, numbers and plain signs, and no
// controls or Arabic get here.
func visual(line string) string {
	in := []rune(line)
	var out []rune
	for i := 0; i < len(in); {
		if !unicode.Is(unicode.Hebrew, in[i]) {
			out = append(out, in[i])
			i++
			continue
		}
		end := i
		for j := i; j < len(in) && !leftToRight(in[j]); j++ {
			if unicode.Is(unicode.Hebrew, in[j]) || unicode.IsDigit(in[j]) {
				end = j + 1
			}
		}
		out = append(out, turned(in[i:end])...)
		i = end
	}
	return string(out)
}

func leftToRight(r rune) bool {
	return unicode.IsLetter(r) && !unicode.Is(unicode.Hebrew, r)
}

// turned reverses clusters: a letter stays before its points, a number as it is, and
// brackets are mirrored.
func turned(run []rune) []rune {
	var clusters [][]rune
	for i, r := range run {
		joined := i > 0 && (unicode.Is(unicode.M, r) || unicode.IsDigit(r) && unicode.IsDigit(run[i-1]))
		if joined {
			clusters[len(clusters)-1] = append(clusters[len(clusters)-1], r)
			continue
		}
		clusters = append(clusters, []rune{mirror(r)})
	}
	var out []rune
	for i := len(clusters) - 1; i >= 0; i-- {
		out = append(out, clusters[i]...)
	}
	return out
}

func mirror(r rune) rune {
	const opening, closing = "([{<«‹", ")]}>»›"
	for _, way := range [][2]string{{opening, closing}, {closing, opening}} {
		from, to := []rune(way[0]), []rune(way[1])
		if i := slices.Index(from, r); i >= 0 {
			return to[i]
		}
	}
	return r
}
