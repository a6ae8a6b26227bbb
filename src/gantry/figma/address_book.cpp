#include "gantry/figma/address_book.hpp"

#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "gantry/figma/errors.hpp"
#include "gantry/figma/model/model.hpp"

namespace gantry::figma {
namespace {

// Keys are "3:10:42": the number of the group and the id of the node.
std::string_view group_part(std::string_view key) { return key.substr(0, key.find(':')); }
std::string id_part(std::string_view key) { return std::string(key.substr(key.find(':') + 1)); }

std::size_t number_of(std::string_view group) {
  std::size_t number = 0;
  std::from_chars(group.data(), group.data() + group.size(), number);
  return number;
}

Error not_drawn(std::string_view id, const std::string& file_key) {
  return Error(ErrorCode::kNotFound,
               fmt::format("Figma cannot draw node {} of file {}: it is empty, invisible or gone",
                           id, file_key));
}

using Url = std::optional<std::string>;

ById<Url> parse_urls(std::string_view body) {
  RenderedImages rendered = parse_images(body);
  if (rendered.error) {
    throw Error(ErrorCode::kBadResponse, "Figma cannot draw: " + *rendered.error);
  }
  return std::move(rendered.urls);
}

}  // namespace

class AddressBook::Planner final : public batch::GroupPlanner<Address> {
 public:
  explicit Planner(AddressBook& owner) : owner_(owner) {}

  std::optional<batch::Cost> cost(std::string_view,
                                  std::span<const std::string_view>) const override {
    return batch::Cost();
  }

  async::awaitable<batch::Answers<Address>> fetch(std::string group, std::vector<std::string> keys,
                                                  batch::CallContext context) override {
    Source source = owner_.sources_[number_of(group)];
    std::vector<std::string> ids;
    ids.reserve(keys.size());
    for (const std::string& key : keys) ids.push_back(id_part(key));
    Api::Call call;
    call.file_key = source.file_key;
    call.tier = Tier::kFirst;
    call.context = std::move(context);
    std::string path = fmt::format("/v1/images/{}?{}&ids=", encoded(source.file_key), source.query);
    ById<Url> urls = co_await ask_in_halves<Url>(owner_.api_, std::move(path), std::move(ids),
                                                 std::move(call), parse_urls);
    auto together = std::make_shared<const std::vector<std::string>>(std::move(keys));
    batch::Answers<Address> answers;
    for (const std::string& key : *together) {
      auto found = urls.find(id_part(key));
      Url url;
      if (found != urls.end()) url = std::move(found->second);
      answers.emplace(key, Address{std::move(url), together});
    }
    co_return answers;
  }

 private:
  AddressBook& owner_;
};

AddressBook::AddressBook(const batch::Services& services, Api& api,
                         const batch::ProcessorOptions& options)
    : api_(api), processor_(services, options, {.size = [](const Address& address) {
                              return sizeof(Address) + (address.url ? address.url->size() : 0);
                            }}) {
  processor_.add_planner(std::make_unique<Planner>(*this));
}

AddressBook::~AddressBook() = default;

std::string AddressBook::group_of(const std::string& file_key, const RenderOptions& render) {
  Source source{file_key, render.query()};
  auto [group, is_new] = groups_.try_emplace(source, sources_.size());
  if (is_new) sources_.push_back(std::move(source));
  return std::to_string(group->second);
}

async::awaitable<std::vector<batch::Item<AddressBook::Address>>> AddressBook::ask(
    std::vector<std::string> keys, batch::JobContext job) {
  batch::BatchOptions options = batch::BatchOptions::unbounded(std::move(job));
  options.grouping = batch::Grouping::kCustom;
  options.grouper = [](std::string_view key) { return std::string(group_part(key)); };
  options.batch_size = static_cast<int>(kIdsInOneCall);
  Requests requests(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    requests[i].key = std::move(keys[i]);
    requests[i].priority = options.job.priority;
  }
  co_return co_await processor_.process(requests, std::move(options));
}

async::awaitable<std::vector<Outcome<std::string>>> AddressBook::get(std::string file_key,
                                                                     RenderOptions render,
                                                                     std::vector<std::string> ids,
                                                                     batch::JobContext job) {
  std::string prefix = group_of(file_key, render) + ':';
  std::vector<std::string> keys;
  keys.reserve(ids.size());
  for (const std::string& id : ids) keys.push_back(prefix + id);
  std::vector<batch::Item<Address>> items = co_await ask(std::move(keys), std::move(job));
  std::vector<Outcome<std::string>> addresses;
  addresses.reserve(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (!items[i]) {
      addresses.emplace_back(tl::unexpected(items[i].error()));
    } else if (!items[i]->url) {
      addresses.emplace_back(tl::unexpected(not_drawn(ids[i], file_key)));
    } else {
      addresses.emplace_back(*items[i]->url);
    }
  }
  co_return addresses;
}

async::awaitable<std::string> AddressBook::get_one(std::string file_key, RenderOptions render,
                                                   std::string id, std::string refused,
                                                   batch::JobContext job) {
  std::string key = group_of(file_key, render) + ':' + id;
  std::vector<std::string> one{key};
  std::vector<batch::Item<Address>> items = co_await ask(std::move(one), job);
  if (!items.front() && items.front().provenance().source == batch::Provenance::Source::kNone) {
    throw items.front().error().in(fmt::format("node {} of file {}", id, file_key));
  }
  Address address = items.front().value();
  bool is_refused = !refused.empty() && address.url == refused;
  if (is_refused && !renewed_in_vain_.contains(key)) {
    // What was asked for together expires together.
    std::vector<std::string> keys = *address.call;
    co_await processor_.forget(keys);
    std::vector<batch::Item<Address>> fresh = co_await ask(keys, std::move(job));
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (keys[i] == key) address = fresh[i].value();
    }
    // The same address again: it has another fault than its age, and asking for each of a hundred
    // would spend the budget on nothing.
    if (address.url == refused) renewed_in_vain_.insert(keys.begin(), keys.end());
  }
  if (!address.url) throw not_drawn(id, file_key);
  co_return *address.url;
}

}  // namespace gantry::figma
