"""Prints "CRC SIZE NAME" of each member of the archive, whose bytes have been read and checked."""
import sys
import zipfile

with zipfile.ZipFile(sys.argv[1]) as archive:
    for member in archive.infolist():
        with archive.open(member) as content:
            while content.read(1 << 20):
                pass
        print(f"{member.CRC:08x} {member.file_size} {member.filename}")
