package document

import (
	"bytes"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"strings"

	"codeberg.org/go-pdf/fpdf"
	"github.com/go-fonts/liberation/liberationsansbold"
	"github.com/go-fonts/liberation/liberationsansregular"
)

// The sheet is A4; lengths are millimetres, type sizes points.
const (
	sheetWidth, sheetHeight = 210.0, 297.0
	margin                  = 20.0
	right                   = sheetWidth - margin
	pointsPerMM             = 72 / 25.4
	// smallest is the size below which a value is drawn no smaller to fit its place.
	smallest = 5.5
	typeface = "text"
)

// style is how a piece of text is drawn.
type style struct {
	size float64
	bold bool
	tone tone
}

type tone struct{ r, g, b int }

// pen draws on sheets. Its first error stays; nothing is drawn after it.
type pen struct {
	*fpdf.Fpdf
	*typesetter
}

func newPen() (*pen, error) {
	t, err := newTypesetter()
	if err != nil {
		return nil, err
	}
	f := fpdf.New("P", "mm", "A4", "")
	f.SetCatalogSort(true)
	f.SetAutoPageBreak(false, 0)
	f.SetMargins(margin, margin, margin)
	f.AddUTF8FontFromBytes(typeface, "", liberationsansregular.TTF)
	f.AddUTF8FontFromBytes(typeface, "B", liberationsansbold.TTF)
	f.SetFont(typeface, "", 9)
	return &pen{f, t}, f.Error()
}

func (p *pen) use(s style) {
	weight := ""
	if s.bold {
		weight = "B"
	}
	p.SetFont(typeface, weight, s.size)
	p.SetTextColor(s.tone.r, s.tone.g, s.tone.b)
}

func (p *pen) width(s style, text string) float64 {
	p.use(s)
	return p.GetStringWidth(text)
}

// left draws text from x on, on the baseline y; rightTo ends it at x. The text was
// set before.
func (p *pen) left(s style, x, y float64, text string) {
	p.use(s)
	p.Text(x, y, visual(text))
}

func (p *pen) rightTo(s style, x, y float64, text string) {
	p.left(s, x-p.width(s, text), y, text)
}

// fit is the style in which text is at most this wide.
func (p *pen) fit(s style, text string, width float64) style {
	if w := p.width(s, text); w > width {
		s.size = max(smallest, s.size*width/w)
	}
	return s
}

// wrap breaks text at spaces into lines of at most the width, and inside what is
// longer than a line by itself.
func (p *pen) wrap(s style, text string, width float64) []string {
	p.use(s)
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if joined := strings.TrimSpace(line + " " + word); p.GetStringWidth(joined) <= width {
			line = joined
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		line = ""
		for _, r := range word {
			if line != "" && p.GetStringWidth(line+string(r)) > width {
				lines = append(lines, line)
				line = ""
			}
			line += string(r)
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// wrapTo wraps into at most so many lines; where there are more, the last one that is
// kept ends with dots.
func (p *pen) wrapTo(most int, s style, text string, width float64) []string {
	const dots = " …"
	lines := p.wrap(s, text, width)
	if len(lines) <= most {
		return lines
	}
	kept := []rune(lines[most-1])
	for len(kept) > 0 && p.GetStringWidth(string(kept)+dots) > width {
		kept = kept[:len(kept)-1]
	}
	return append(lines[:most-1], string(kept)+dots)
}

func (p *pen) rule(x1, x2, y, weight float64, t tone) {
	p.SetDrawColor(t.r, t.g, t.b)
	p.SetLineWidth(weight)
	p.Line(x1, y, x2, y)
}

func (p *pen) fill(x, y, w, h float64, t tone) {
	p.SetFillColor(t.r, t.g, t.b)
	p.Rect(x, y, w, h, "F")
}

const (
	// maxLogoWidth and maxLogoHeight are the place of a logo.
	maxLogoWidth, maxLogoHeight = 62.0, 18.0
	// maxLogoPixels bounds what is decoded: the catalog takes 1000 × 400.
	maxLogoPixels = 1 << 20
	// mmPerPixel draws a small logo in its own size, at 96 dots an inch.
	mmPerPixel = 25.4 / 96
)

// logo draws the picture at the top left; it reports whether there was one that can
// be drawn. It is written anew, so that whatever else the file holds stays out.
func (p *pen) logo(x, y float64, file []byte) (drawn bool) {
	if len(file) == 0 {
		return false
	}
	head, err := png.DecodeConfig(bytes.NewReader(file))
	if err != nil || head.Width < 1 || head.Height < 1 || head.Width > maxLogoPixels/head.Height {
		return false
	}
	picture, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		return false
	}
	plain := image.NewNRGBA(image.Rect(0, 0, head.Width, head.Height))
	draw.Draw(plain, plain.Bounds(), picture, picture.Bounds().Min, draw.Src)
	var anew bytes.Buffer
	if err := png.Encode(&anew, plain); err != nil {
		return false
	}
	const name = "logo"
	options := fpdf.ImageOptions{ImageType: "PNG"}
	p.RegisterImageOptionsReader(name, options, &anew)
	scale := min(mmPerPixel, maxLogoWidth/float64(head.Width), maxLogoHeight/float64(head.Height))
	p.ImageOptions(name, x, y, scale*float64(head.Width), scale*float64(head.Height), false, options, 0, "")
	return true
}

// bytes ends the document.
func (p *pen) bytes() ([]byte, error) {
	var b bytes.Buffer
	if err := p.Output(&b); err != nil {
		return nil, fmt.Errorf("document: %w", err)
	}
	return b.Bytes(), nil
}
