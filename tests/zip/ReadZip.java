import java.io.BufferedInputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipInputStream;

/** Prints "CRC SIZE NAME" of each member: "file ARCHIVE", or "stream" of the standard input. */
class ReadZip {
  static final PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);

  static void print(ZipEntry entry, InputStream content) throws Exception {
    CRC32 sum = new CRC32();
    long size = 0;
    byte[] buffer = new byte[1 << 16];
    for (int count; (count = content.read(buffer)) > 0; size += count) sum.update(buffer, 0, count);
    if (sum.getValue() != entry.getCrc()) throw new Exception(entry + " has another checksum");
    out.print(String.format("%08x", sum.getValue()) + " " + size + " " + entry.getName() + "\n");
  }

  public static void main(String[] arguments) throws Exception {
    if (arguments[0].equals("file")) {
      try (ZipFile archive = new ZipFile(arguments[1])) {
        for (ZipEntry entry : Collections.list(archive.entries())) {
          print(entry, archive.getInputStream(entry));
        }
      }
    } else {
      ZipInputStream archive = new ZipInputStream(new BufferedInputStream(System.in, 1 << 16));
      for (ZipEntry entry; (entry = archive.getNextEntry()) != null; ) print(entry, archive);
    }
    out.flush();
  }
}
