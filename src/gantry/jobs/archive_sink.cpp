#include "gantry/jobs/archive_sink.hpp"

#include <cstring>
#include <optional>
#include <utility>

namespace gantry::jobs {
namespace {

namespace mods = exporters::mods;
namespace pinax = exporters::pinax;

constexpr std::size_t kBuffer = 256UL * 1024;

// The document as it is written.
class OutputText {
 public:
  explicit OutputText(const std::filesystem::path& folder)
      : file_(TemporaryFile::create(folder, "document.")) {}

  void append(std::string_view text) {
    buffer_ += text;
    if (buffer_.size() >= kBuffer) flush();
  }

  Blob finish() {
    flush();
    return Blob::from_file(file_, size_, hash_.finish());
  }

 private:
  void flush() {
    hash_.update(buffer_);
    file_->append(buffer_);
    size_ += buffer_.size();
    buffer_.clear();
  }

  std::shared_ptr<TemporaryFile> file_;
  std::string buffer_;
  Sha256 hash_;
  std::uint64_t size_ = 0;
};

class Collection final : public ArchiveSink {
 public:
  Collection(mods::Options options, const std::filesystem::path& folder)
      : document_(options), output_(folder) {
    output_.append(document_.opening());
  }

  void add(const ArchiveRecord& record, const ChildLinks& /*links*/) override {
    record.text.read([this](std::string_view piece) { output_.append(piece); });
  }

  Blob finish() override {
    output_.append(document_.closing());
    return output_.finish();
  }

 private:
  mods::Document document_;
  OutputText output_;
};

// What the tree knows of a record while its text lies on disk.
struct Leaf {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::uint64_t first_child = 0;
  std::uint32_t children = 0;        // exported under it
  std::uint32_t children_count = 0;  // that the archive names
  std::uint32_t depth = 0;
  std::uint32_t is_open = 0;
};

class Tree final : public ArchiveSink {
 public:
  Tree(const pinax::Options& options, std::filesystem::path folder, const std::string& exported_at)
      : options_(options),
        folder_(std::move(folder)),
        exported_at_(exported_at),
        texts_(TemporaryFile::create(folder_, "texts.")),
        leaves_(TemporaryFile::create(folder_, "tree.")) {}

  void add(const ArchiveRecord& record, const ChildLinks& links) override {
    Leaf leaf;
    leaf.offset = written_;
    leaf.first_child = links.first;
    leaf.children = links.count;
    leaf.children_count = static_cast<std::uint32_t>(record.children.size());
    leaf.depth = static_cast<std::uint32_t>(record.place.depth());
    leaf.is_open = record.is_open() ? 1 : 0;
    record.text.read([this](std::string_view piece) { write(piece); });
    write(pinax::Document::elsewhere(links.elsewhere, record.place.depth()));
    leaf.length = written_ - leaf.offset;
    index_.append(reinterpret_cast<const char*>(&leaf), sizeof leaf);
    if (index_.size() >= kBuffer) flush(index_, *leaves_);
  }

  Blob finish() override {
    flush(buffer_, *texts_);
    flush(index_, *leaves_);
    output_.emplace(folder_);
    output_->append(pinax::Document(options_).opening(exported_at_));
    walk();
    output_->append(pinax::Document::closing());
    return output_->finish();
  }

 private:
  // A record that is being written, and the child that comes next.
  struct Level {
    Leaf leaf;
    std::uint64_t next = 0;
    bool has_children = false;
  };

  void write(std::string_view text) {
    buffer_ += text;
    written_ += text.size();
    if (buffer_.size() >= kBuffer) flush(buffer_, *texts_);
  }

  static void flush(std::string& buffer, TemporaryFile& file) {
    file.append(buffer);
    buffer.clear();
  }

  Leaf leaf_at(std::uint64_t number) const {
    std::string bytes =
        read_at(leaves_->descriptor(), number * sizeof(Leaf), sizeof(Leaf), "the tree");
    Leaf leaf;
    std::memcpy(&leaf, bytes.data(), sizeof leaf);
    return leaf;
  }

  void copy_text(const Leaf& leaf) {
    for (std::uint64_t done = 0; done < leaf.length;) {
      auto count = static_cast<std::size_t>(std::min<std::uint64_t>(kBuffer, leaf.length - done));
      output_->append(read_at(texts_->descriptor(), leaf.offset + done, count, "the records"));
      done += count;
    }
  }

  void walk() {
    std::vector<Level> levels;
    enter(levels, leaf_at(0));
    while (!levels.empty()) {
      Level& level = levels.back();
      if (level.next == level.leaf.first_child + level.leaf.children) {
        leave(level);
        levels.pop_back();
        continue;
      }
      Leaf child = leaf_at(level.next++);
      if (child.is_open == 0) continue;
      output_->append(pinax::Document::separator(!level.has_children, child.depth));
      level.has_children = true;
      enter(levels, child);
    }
  }

  void enter(std::vector<Level>& levels, const Leaf& leaf) {
    copy_text(leaf);
    if (shows_children(leaf)) output_->append(pinax::Document::children_opening(leaf.depth));
    levels.push_back({leaf, leaf.first_child, false});
  }

  void leave(const Level& level) {
    const Leaf& leaf = level.leaf;
    if (shows_children(leaf)) {
      output_->append(level.has_children ? pinax::Document::children_closing(leaf.depth) : "]");
    }
    add_absent(leaf);
    output_->append(pinax::Document::entity_closing(leaf.depth, leaf.children_count));
  }

  void add_absent(const Leaf& leaf) {
    bool is_first = true;
    for (std::uint32_t i = 0; i < leaf.children; ++i) {
      Leaf child = leaf_at(leaf.first_child + i);
      if (child.is_open != 0) continue;
      if (is_first) output_->append(pinax::Document::absent_opening(leaf.depth));
      output_->append(pinax::Document::separator(is_first, child.depth));
      copy_text(child);
      is_first = false;
    }
    if (!is_first) output_->append(pinax::Document::absent_closing(leaf.depth));
  }

  bool shows_children(const Leaf& leaf) const {
    return options_.is_recursive && leaf.depth < options_.max_depth;
  }

  pinax::Options options_;
  std::filesystem::path folder_;
  std::string exported_at_;
  std::shared_ptr<TemporaryFile> texts_;
  std::shared_ptr<TemporaryFile> leaves_;
  std::string buffer_;
  std::string index_;
  std::uint64_t written_ = 0;
  std::optional<OutputText> output_;
};

}  // namespace

std::unique_ptr<archive::DocumentFormat> make_format(const ArchiveOptions& options) {
  if (options.format == ArchiveFormat::kMods) {
    return std::make_unique<mods::Document>(options.mods());
  }
  return std::make_unique<pinax::Document>(options.pinax());
}

std::unique_ptr<ArchiveSink> make_sink(const ArchiveOptions& options, std::filesystem::path folder,
                                       const std::string& exported_at) {
  if (options.format == ArchiveFormat::kMods) {
    return std::make_unique<Collection>(options.mods(), folder);
  }
  return std::make_unique<Tree>(options.pinax(), std::move(folder), exported_at);
}

}  // namespace gantry::jobs
