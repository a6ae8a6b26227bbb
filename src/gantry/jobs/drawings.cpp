#include "gantry/jobs/drawings.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include <fmt/format.h>

#include "gantry/async/for_each.hpp"

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

namespace {

// Twice as many as the API is asked at a time: what waits behind them costs memory and gains
// nothing.
constexpr std::size_t kCallsAhead = 16;

// The ids of one call, from the one at `begin` on.
std::vector<std::string> call_at(const std::vector<std::string>& ids, std::size_t begin) {
  std::size_t end = std::min(ids.size(), begin + figma::kIdsInOneCall);
  return {ids.begin() + static_cast<std::ptrdiff_t>(begin),
          ids.begin() + static_cast<std::ptrdiff_t>(end)};
}

}  // namespace

Drawings::Drawings(Engine& engine, figma::RenderOptions options, std::uint64_t largest,
                   batch::JobContext context)
    : engine_(engine),
      options_(options),
      query_(options.query()),
      largest_(largest),
      context_(std::move(context)) {}

void Drawings::set_version(const std::string& file_key, const std::string& version) {
  versions_[file_key] = version;
}

async::awaitable<void> Drawings::identify(std::vector<design::NodeSource> nodes) {
  std::map<std::string, std::vector<std::string>> ids_by_file;
  for (design::NodeSource& node : nodes) ids_by_file[node.file_key].push_back(node.node_id);
  for (const auto& [file_key, ids] : ids_by_file) {
    auto found = co_await engine_.figma().fingerprints().get(file_key, ids, context_);
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (!found[i] && found[i].error().scope() == Scope::kRun) throw found[i].error();
      if (!found[i] || !*found[i]) continue;
      looks_.emplace(design::NodeSource{file_key, ids[i]}.text(), (*found[i])->hex());
    }
  }
}

std::string Drawings::key_of(const design::NodeSource& node) const {
  auto look = looks_.find(node.text());
  if (look != looks_.end()) {
    return fmt::format("figma/{}/looks/{}/{}?{}", node.file_key, look->second, node.node_id,
                       query_);
  }
  auto version = versions_.find(node.file_key);
  if (version == versions_.end() || version->second.empty()) return {};
  return fmt::format("figma/{}/{}/{}?{}", node.file_key, version->second, node.node_id, query_);
}

async::awaitable<void> Drawings::prepare(std::vector<design::NodeSource> nodes) {
  std::vector<std::string> keys;
  keys.reserve(nodes.size());
  for (const design::NodeSource& node : nodes) keys.push_back(key_of(node));
  std::vector<bool> stored = co_await engine_.downloads().stored(std::move(keys));
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (stored[i]) {
      ++stored_;
    } else if (asked_for_[nodes[i].file_key].insert(nodes[i].node_id).second) {
      wanted_[nodes[i].file_key].push_back(nodes[i].node_id);
    }
  }
}

// All in one turn of the loop, so that they fill calls together, and so many at a time that each
// part is answered with its call.
void Drawings::ask_ahead(async::TaskScope& scope, batch::Priority priority) {
  if (asked_ && *asked_ <= priority) return;
  asked_ = priority;
  batch::JobContext context = context_;
  context.priority = priority;
  for (const auto& [file_key, ids] : wanted_) {
    for (std::size_t begin = 0; begin < ids.size(); begin += figma::kIdsInOneCall) {
      scope.spawn(ask(engine_, options_, file_key, call_at(ids, begin), context, failures_));
    }
  }
}

async::awaitable<void> Drawings::ask_in_turn() {
  asked_ = context_.priority;
  for (const auto& [file_key, ids] : wanted_) {
    std::function<async::awaitable<void>(std::size_t)> body = [&](std::size_t call) {
      return ask(engine_, options_, file_key, call_at(ids, call * figma::kIdsInOneCall), context_,
                 failures_);
    };
    std::size_t calls = (ids.size() + figma::kIdsInOneCall - 1) / figma::kIdsInOneCall;
    co_await async::for_each(calls, kCallsAhead, std::move(body));
  }
}

async::awaitable<void> Drawings::ask(Engine& engine, figma::RenderOptions options,
                                     std::string file_key, std::vector<std::string> ids,
                                     batch::JobContext context,
                                     std::shared_ptr<Failures> failures) {
  auto answers = co_await engine.figma().addresses().get(file_key, options, ids, context);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (answers[i]) continue;
    const Error& error = answers[i].error();
    if (error.scope() == Scope::kRun) throw error;
    design::NodeSource node{file_key, ids[i]};
    failures->emplace(node.text(), error);
  }
}

bool Drawings::is_asked_for(const design::NodeSource& node) const {
  auto file = asked_for_.find(node.file_key);
  return file != asked_for_.end() && file->second.contains(node.node_id);
}

async::awaitable<Blob> Drawings::get(design::NodeSource node, std::string name) {
  batch::Download wanted;
  wanted.key = key_of(node);
  wanted.may_be_stored = !is_asked_for(node);
  wanted.content = content_of(options_.format);
  wanted.largest = largest_;
  wanted.name = std::move(name);
  wanted.address = [addresses = &engine_.figma().addresses(), failures = failures_, node,
                    render = options_, job = context_](std::string refused) {
    auto failure = failures->find(node.text());
    if (failure != failures->end()) throw failure->second;
    return addresses->get_one(node.file_key, render, node.node_id, std::move(refused), job);
  };
  return engine_.downloads().get(std::move(wanted), context_);
}

}  // namespace gantry::jobs
