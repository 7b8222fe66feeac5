package catalog_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/usher-seats/usher/internal/catalog"
)

// picture is a PNG of a size, with noise in its first rows to make it larger.
func picture(t testing.TB, width, height, noisyRows int) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	random := rand.New(rand.NewPCG(1, 2))
	for y := range noisyRows {
		for x := range width {
			img.SetNRGBA(x, y, color.NRGBA{uint8(random.Uint32()), uint8(random.Uint32()), uint8(random.Uint32()), 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func logo(t testing.TB, value string) string {
	t.Helper()
	return with(t, part{"name: V", fmt.Sprintf("name: V, logo: %q", value)})
}

func inBase64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

func TestALogoIsReadAsItIs(t *testing.T) {
	small := picture(t, catalog.MaxLogoWidth, catalog.MaxLogoHeight, 1)
	text := inBase64(small)
	lines := text[:40] + "\n  " + text[40:] + "\n"
	for name, value := range map[string]string{"a data URL": "data:image/png;base64," + text, "base64": text, "base64 in lines": lines} {
		plans, err := catalog.Parse([]byte(logo(t, value)))
		if err != nil {
			t.Errorf("%s: %s", name, mistakes(t, logo(t, value)))
			continue
		}
		if !bytes.Equal(plans[0].Vendor.LogoPNG, small) {
			t.Errorf("%s is read as %d bytes, want %d", name, len(plans[0].Vendor.LogoPNG), len(small))
		}
	}
}

// grown is a picture with an unused chunk that makes it so many bytes.
func grown(t testing.TB, size int) []byte {
	t.Helper()
	b := picture(t, 10, 10, 0)
	const chunkOverhead = 12
	n := size - len(b) - chunkOverhead
	chunk := []byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n), 't', 'E', 'X', 't'}
	chunk = append(chunk, make([]byte, n)...)
	crc := crc32.ChecksumIEEE(chunk[4:])
	chunk = append(chunk, byte(crc>>24), byte(crc>>16), byte(crc>>8), byte(crc))
	const endBytes = 12
	return append(append(append([]byte{}, b[:len(b)-endBytes]...), chunk...), b[len(b)-endBytes:]...)
}

func TestLogosThatNoInvoiceCouldHoldAreRefused(t *testing.T) {
	if got := mistakes(t, logo(t, inBase64(grown(t, catalog.MaxLogoBytes)))); got != "" {
		t.Errorf("a picture of the most bytes: %s", got)
	}
	deep := image.NewNRGBA64(image.Rect(0, 0, 3, 3))
	var sixteen bytes.Buffer
	if err := png.Encode(&sixteen, deep); err != nil {
		t.Fatal(err)
	}
	good := picture(t, 3, 3, 0)
	for name, c := range map[string]struct{ value, want string }{
		"nothing":          {"", "must be a PNG in base64"},
		"no base64":        {"https://v.example/logo.png", "must be a PNG in base64"},
		"another type":     {"data:image/jpeg;base64,/9j/4AAQ", "must be a PNG in base64"},
		"a GIF":            {"R0lGODlhAQABAAAAACw=", "is no PNG that can be read"},
		"half of one":      {inBase64(good[:len(good)/2]), "is no PNG that can be read"},
		"damaged":          {inBase64(append(append([]byte{}, good[:len(good)-20]...), make([]byte, 20)...)), "is no PNG that can be read"},
		"too many bytes":   {inBase64(grown(t, catalog.MaxLogoBytes+1)), "has 24577 bytes; at most 24576 fit"},
		"too wide":         {inBase64(picture(t, catalog.MaxLogoWidth+1, 1, 0)), "is too large: at most 1000 by 400 pixels fit"},
		"too high":         {inBase64(picture(t, 1, catalog.MaxLogoHeight+1, 0)), "is too large: at most 1000 by 400 pixels fit"},
		"16 bits a colour": {inBase64(sixteen.Bytes()), "is a PNG that PDF cannot hold; save it with 8 bits a colour"},
		"interlaced":       {inBase64(interlaced(good)), "is a PNG that PDF cannot hold; save it with 8 bits a colour and without interlacing"},
	} {
		got := mistakes(t, logo(t, c.value))
		if lines := strings.Split(strings.TrimSpace(got), "\n"); len(lines) != 2 || !strings.Contains(lines[1], "vendor.logo "+c.want) {
			t.Errorf("%s: got\n%swant one mistake with %q", name, got, c.want)
		}
	}
	if got := mistakes(t, with(t, part{"name: V", "name: V, logo: [a]"})); !strings.Contains(got, "vendor.logo must be a PNG in base64") {
		t.Errorf("a list: %s", got)
	}
}

// interlaced says in a picture's header that it is.
func interlaced(good []byte) []byte {
	b := append([]byte{}, good...)
	const headerAt, interlaceAt, crcAt = 12, 28, 29
	b[interlaceAt] = 1
	crc := crc32.ChecksumIEEE(b[headerAt:crcAt])
	copy(b[crcAt:], []byte{byte(crc >> 24), byte(crc >> 16), byte(crc >> 8), byte(crc)})
	return b
}
