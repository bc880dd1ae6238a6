package images

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
)

// executable returns a static Linux program that prints text and exits: small enough to be written by hand, so that the
// image can really be run and no compiler is needed to make it.
func executable(architecture, text string) []byte {
	const (
		base    = 0x400000
		headers = 64 + 56 // ELF header and one program header
	)
	var machine elf.Machine
	var code []byte
	if architecture == "arm64" {
		machine, code = elf.EM_AARCH64, arm64Code(len(text))
	} else {
		machine, code = elf.EM_X86_64, amd64Code(base+headers, len(text))
	}
	size := uint64(headers + len(code) + len(text))

	var out bytes.Buffer
	for _, part := range []any{
		elf.Header64{
			Ident: [elf.EI_NIDENT]byte{
				0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT),
			},
			Type: uint16(elf.ET_EXEC), Machine: uint16(machine), Version: uint32(elf.EV_CURRENT),
			Entry: base + headers, Phoff: 64, Ehsize: 64, Phentsize: 56, Phnum: 1,
		},
		elf.Prog64{
			Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R | elf.PF_X),
			Vaddr: base, Paddr: base, Filesz: size, Memsz: size, Align: 0x10000,
		},
		code, []byte(text),
	} {
		// Fixed-size values into a buffer: this cannot fail.
		_ = binary.Write(&out, binary.LittleEndian, part)
	}
	return out.Bytes()
}

// amd64Code writes the n bytes that follow it (write is system call 1) and exits (60). It is loaded at address.
func amd64Code(address uint32, n int) []byte {
	const length = 31
	code := []byte{0xb8, 1, 0, 0, 0, 0xbf, 1, 0, 0, 0, 0xbe}      // mov eax, 1; mov edi, 1; mov esi,
	code = binary.LittleEndian.AppendUint32(code, address+length) // address of the text
	code = append(code, 0xba)                                     // mov edx,
	code = binary.LittleEndian.AppendUint32(code, uint32(n))      // its length
	return append(code, 0x0f, 5, 0xb8, 60, 0, 0, 0, 0x31, 0xff, 0x0f, 5)
}

// arm64Code writes the n bytes that follow it (write is system call 64) and exits (93).
func arm64Code(n int) []byte {
	var code []byte
	for _, instruction := range []uint32{
		0xd2800020,                 // mov x0, #1
		0x100000e1,                 // adr x1, 28 bytes on: the text
		0xd2800002 | uint32(n)<<5,  // mov x2, #n
		0xd2800008 | uint32(64)<<5, // mov x8, #64
		0xd4000001,                 // svc #0
		0xd2800000,                 // mov x0, #0
		0xd2800008 | uint32(93)<<5, // mov x8, #93
		0xd4000001,                 // svc #0
	} {
		code = binary.LittleEndian.AppendUint32(code, instruction)
	}
	return code
}
