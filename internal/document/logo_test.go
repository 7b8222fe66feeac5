package document_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"testing"
)

func encoded(t *testing.T, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// claiming is a picture whose header says that it is larger than it is.
func claiming(file []byte, width, height uint32) []byte {
	const header, crc = 12, 29 // of IHDR: its type and data, then its checksum
	out := bytes.Clone(file)
	binary.BigEndian.PutUint32(out[header+4:], width)
	binary.BigEndian.PutUint32(out[header+8:], height)
	binary.BigEndian.PutUint32(out[crc:], crc32.ChecksumIEEE(out[header:crc]))
	return out
}

func TestTheLogoStandsInPlaceOfTheName(t *testing.T) {
	deep := image.NewNRGBA64(image.Rect(0, 0, 40, 20))
	deep.Set(3, 3, color.NRGBA64{65535, 300, 0, 30000})
	palette := image.NewPaletted(image.Rect(0, 0, 40, 20), color.Palette{color.Black, color.White})
	offset := image.NewGray(image.Rect(-7, -3, 33, 17))
	for name, file := range map[string][]byte{
		"true colour": logo(t, 480, 120), "sixteen bits": encoded(t, deep), "a palette": encoded(t, palette),
		"grey": encoded(t, offset), "one pixel": logo(t, 1, 1), "a tall one": logo(t, 10, 400), "the largest": logo(t, 1000, 400),
	} {
		pdf, all := render(t, invoice(t, "EUR", 0, seatsLine(t)), file)
		if !bytes.Contains(pdf, []byte("/Subtype /Image")) {
			t.Errorf("%s: no picture", name)
		}
		for _, piece := range all[0] {
			if piece.text == "Northwind Software GmbH" && piece.y > 700 {
				t.Errorf("%s: the name stands beside the picture", name)
			}
		}
	}
}

func TestAnInvoiceDoesNotWaitForAPicture(t *testing.T) {
	good := logo(t, 48, 12)
	for name, file := range map[string][]byte{
		"none": nil, "text": []byte("<svg onload=alert(1)>"), "half": good[:len(good)/2], "a header alone": good[:33],
		"a bomb": claiming(good, 1<<30, 1<<30), "a large claim": claiming(good, 1<<10, 1<<10), "too wide": claiming(good, 1<<20+1, 1),
	} {
		pdf, all := render(t, invoice(t, "EUR", 0, seatsLine(t)), file)
		if bytes.Contains(pdf, []byte("/Subtype /Image")) {
			t.Errorf("%s: a picture", name)
		}
		if first := all[0][0]; first.text != "Northwind Software GmbH" || first.y < 700 {
			t.Errorf("%s: the page begins with %q", name, first.text)
		}
	}
}
