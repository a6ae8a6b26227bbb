#include "gantry/jobs/drawings.hpp"

#include <utility>

#include <fmt/format.h>

namespace gantry::jobs {

batch::Content content_of(figma::ImageFormat format) {
  switch (format) {
    case figma::ImageFormat::kSvg:
      return batch::Content::kSvg;
    case figma::ImageFormat::kPng:
      return batch::Content::kPng;
    case figma::ImageFormat::kJpg:
      return batch::Content::kJpg;
    case figma::ImageFormat::kPdf:
      return batch::Content::kPdf;
  }
  return batch::Content::kSvg;
}

Drawings::Drawings(Engine& engine, figma::RenderOptions options, std::uint64_t largest,
                   batch::JobContext context)
    : engine_(engine), options_(options), largest_(largest), context_(std::move(context)) {}

void Drawings::set_version(const std::string& file_key, const std::string& version) {
  versions_[file_key] = version;
}

std::string Drawings::key_of(const design::NodeSource& node) const {
  auto version = versions_.find(node.file_key);
  if (version == versions_.end() || version->second.empty()) return {};
  return fmt::format("figma/{}/{}/{}?{}", node.file_key, version->second, node.node_id,
                     options_.query());
}

async::awaitable<void> Drawings::prepare(std::vector<design::NodeSource> nodes,
                                         async::TaskScope& scope) {
  std::vector<std::string> keys;
  keys.reserve(nodes.size());
  for (const design::NodeSource& node : nodes) keys.push_back(key_of(node));
  std::vector<bool> stored = co_await engine_.downloads().stored(std::move(keys));
  std::map<std::string, std::vector<std::string>> wanted;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (!stored[i]) wanted[nodes[i].file_key].push_back(nodes[i].node_id);
  }
  for (auto& [file_key, ids] : wanted) {
    auto book =
        std::make_shared<figma::AddressBook>(engine_.executor(), engine_.scope(), engine_.figma(),
                                             file_key, options_, std::move(ids), context_);
    book->ask_ahead(scope);
    books_[file_key] = std::move(book);
  }
}

bool Drawings::is_asked_for(const design::NodeSource& node) const {
  auto book = books_.find(node.file_key);
  return book != books_.end() && book->second->holds(node.node_id);
}

std::shared_ptr<figma::AddressBook> Drawings::book_for(const design::NodeSource& node) {
  if (is_asked_for(node)) return books_.at(node.file_key);
  // It was stored when the export began and has been evicted or found broken since.
  std::vector<std::string> ids{node.node_id};
  return std::make_shared<figma::AddressBook>(engine_.executor(), engine_.scope(), engine_.figma(),
                                              node.file_key, options_, std::move(ids), context_);
}

async::awaitable<Blob> Drawings::get(design::NodeSource node, std::string name) {
  batch::Download wanted;
  wanted.key = key_of(node);
  wanted.may_be_stored = !is_asked_for(node);
  wanted.content = content_of(options_.format);
  wanted.largest = largest_;
  wanted.name = std::move(name);
  wanted.address = [book = book_for(node), id = node.node_id](std::string refused) {
    return book->address(id, std::move(refused));
  };
  return engine_.downloads().get(std::move(wanted), context_);
}

}  // namespace gantry::jobs
