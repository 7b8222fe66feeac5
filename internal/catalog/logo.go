package catalog

import (
	"bytes"
	"encoding/base64"
	"image/png"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Limits of the vendor's logo, which stands in every version of every plan and on
// every invoice.
const (
	// MaxLogoBytes keeps a plan version far below the 400 KB of an item.
	MaxLogoBytes = 24 * 1024
	// MaxLogoWidth and MaxLogoHeight are some 300 dots an inch of the place that an
	// invoice has for it.
	MaxLogoWidth  = 1000
	MaxLogoHeight = 400
)

// Where the header of a PNG says what kind of one it is (PNG specification, 11.2.1).
const (
	pngHeaderBytes = 33
	pngDepthAt     = 24
	pngInterlaceAt = 28
	pngMaxDepth    = 8
)

// logo reads a picture: a data URL or the base64 alone, in one or more lines.
func (p *parser) logo(n *yaml.Node, path string) []byte {
	if n == nil {
		return nil
	}
	text := strings.Join(strings.Fields(n.Value), "")
	text = strings.TrimPrefix(text, "data:image/png;base64,")
	switch picture, err := base64.StdEncoding.DecodeString(text); {
	case n.Kind != yaml.ScalarNode || err != nil || len(picture) == 0:
		p.wrong(n, path, "must be a PNG in base64, such as data:image/png;base64,iVBORw0KGgo…")
	case len(picture) > MaxLogoBytes:
		p.wrong(n, path, "has %d bytes; at most %d fit. Make it smaller or use fewer colours", len(picture), MaxLogoBytes)
	default:
		if mistake := logoMistake(picture); mistake != "" {
			p.wrong(n, path, "%s", mistake)
		}
		return picture
	}
	return nil
}

// logoMistake says why a picture cannot stand on an invoice, or "". The size is looked
// at before the picture is decoded, which would take the memory that its header asks
// for.
func logoMistake(picture []byte) string {
	const noPNG = "is no PNG that can be read; save the picture as one"
	size, err := png.DecodeConfig(bytes.NewReader(picture))
	switch {
	case err != nil || len(picture) < pngHeaderBytes:
		return noPNG
	case size.Width > MaxLogoWidth || size.Height > MaxLogoHeight:
		return "is too large: at most 1000 by 400 pixels fit"
	case picture[pngDepthAt] > pngMaxDepth || picture[pngInterlaceAt] != 0:
		return "is a PNG that PDF cannot hold; save it with 8 bits a colour and without interlacing"
	}
	if _, err := png.Decode(bytes.NewReader(picture)); err != nil {
		return noPNG
	}
	return ""
}
