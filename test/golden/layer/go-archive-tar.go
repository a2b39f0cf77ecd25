package main

import (
	"archive/tar"
	"os"
	"strings"
	"time"
)

func main() {
	w := tar.NewWriter(os.Stdout)
	t := time.Unix(1700000000, 123456789)
	put := func(h *tar.Header, body string) {
		h.Size = int64(len(body))
		if err := w.WriteHeader(h); err != nil {
			panic(err)
		}
		if _, err := w.Write([]byte(body)); err != nil {
			panic(err)
		}
	}
	for _, f := range []tar.Format{tar.FormatUSTAR, tar.FormatPAX, tar.FormatGNU} {
		d := f.String()
		m := t
		if f == tar.FormatUSTAR {
			m = time.Unix(1700000000, 0)
		}
		if f == tar.FormatGNU {
			m = time.Unix(1<<34, 0)
		}
		put(&tar.Header{Name: d + "/", Typeflag: tar.TypeDir, Mode: 0o2751, Uid: 1000, Gid: 50, ModTime: m, Format: f}, "")
		put(&tar.Header{Name: d + "/file", Typeflag: tar.TypeReg, Mode: 0o4755, Uname: "someone", Gname: "staff", ModTime: m, Format: f}, strings.Repeat("go ", 700))
		put(&tar.Header{Name: d + "/empty", Typeflag: tar.TypeReg, Mode: 0o600, ModTime: m, Format: f}, "")
		put(&tar.Header{Name: d + "/hard", Typeflag: tar.TypeLink, Linkname: d + "/file", Mode: 0o644, ModTime: m, Format: f}, "")
		put(&tar.Header{Name: d + "/soft", Typeflag: tar.TypeSymlink, Linkname: "../somewhere/else", Mode: 0o777, ModTime: m, Format: f}, "")
		put(&tar.Header{Name: d + "/char", Typeflag: tar.TypeChar, Devmajor: 1, Devminor: 3, Mode: 0o666, ModTime: m, Format: f}, "")
		put(&tar.Header{Name: d + "/pipe", Typeflag: tar.TypeFifo, Mode: 0o622, ModTime: m, Format: f}, "")
	}
	put(&tar.Header{Name: strings.Repeat("long/", 40) + "näme", Typeflag: tar.TypeReg, Mode: 0o644, ModTime: t, Format: tar.FormatPAX}, "long")
	put(&tar.Header{Name: "gnu/" + strings.Repeat("x", 150), Typeflag: tar.TypeReg, Mode: 0o644, ModTime: time.Unix(1, 0), Format: tar.FormatGNU}, "long")
	put(&tar.Header{Name: "xattrs", Typeflag: tar.TypeReg, Mode: 0o755, ModTime: t, Format: tar.FormatPAX,
		PAXRecords: map[string]string{"SCHILY.xattr.user.note": "bin\x00ary\xff", "SCHILY.xattr.security.capability": "\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"}}, "x")
	put(&tar.Header{Name: "PAX/file", Typeflag: tar.TypeReg, Mode: 0o644, ModTime: t, Format: tar.FormatPAX}, "a second time")
	put(&tar.Header{Name: ".wh.gone", Typeflag: tar.TypeReg, Mode: 0, ModTime: time.Unix(0, 0)}, "")
	put(&tar.Header{Name: "pax_global_header", Typeflag: tar.TypeXGlobalHeader, PAXRecords: map[string]string{"comment": "a global record"}}, "")
	put(&tar.Header{Name: "last", Typeflag: tar.TypeReg, Mode: 0o644, ModTime: t}, "end")
	w.Close()
}
