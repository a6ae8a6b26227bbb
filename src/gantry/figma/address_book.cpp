#include "gantry/figma/address_book.hpp"

#include <utility>

#include <fmt/format.h>

namespace gantry::figma {

AddressBook::AddressBook(async::any_io_executor executor, async::TaskScope& scope, Client& client,
                         std::string file_key, RenderOptions options, std::vector<std::string> ids,
                         batch::JobContext context)
    : client_(client),
      file_key_(std::move(file_key)),
      options_(options),
      context_(std::move(context)),
      flights_(std::move(executor), scope, batch::Keep::kNothing) {
  for (std::string& id : ids) {
    if (chunk_of_.contains(id)) continue;
    if (chunks_.empty() || chunks_.back().ids.size() == kIdsInOneCall) chunks_.emplace_back();
    chunk_of_.emplace(id, chunks_.size() - 1);
    chunks_.back().ids.push_back(std::move(id));
  }
}

void AddressBook::ask_ahead(async::TaskScope& scope) {
  for (std::size_t chunk = 0; chunk < chunks_.size(); ++chunk) scope.spawn(ask_quietly(chunk));
}

async::awaitable<std::string> AddressBook::address(std::string id, std::string refused) {
  Chunk& chunk = chunks_[chunk_of_.at(id)];
  if (chunk.known && !refused.empty() && chunk.addresses[id] == refused) chunk.known = false;
  if (chunk.failure) throw *chunk.failure;
  if (!chunk.known) co_await ask(chunk_of_.at(id));
  const std::optional<std::string>& address = chunk.addresses[id];
  if (!address) {
    throw Error(ErrorCode::kNotFound,
                fmt::format("Figma cannot draw node {} of file {}: it is empty, invisible or gone",
                            id, file_key_));
  }
  co_return *address;
}

async::awaitable<void> AddressBook::ask(std::size_t chunk) {
  std::function<async::awaitable<bool>()> start = [self = shared_from_this(), chunk] {
    return self->fetch(chunk);
  };
  co_await flights_.join(std::to_string(chunk), std::move(start));
}

async::awaitable<void> AddressBook::ask_quietly(std::size_t chunk) {
  try {
    co_await ask(chunk);
  } catch (const Error& error) {
    // Whoever needs an address of this chunk gets the error for its own item, unless it concerns
    // all of them.
    if (error.scope() == Scope::kRun) throw;
  }
}

async::awaitable<bool> AddressBook::fetch(std::size_t chunk) {
  std::vector<std::string> ids = chunks_[chunk].ids;
  try {
    Addresses addresses = co_await client_.images(file_key_, std::move(ids), options_, context_);
    chunks_[chunk].addresses = std::move(addresses);
    chunks_[chunk].known = true;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kCancelled) chunks_[chunk].failure = error;
    throw;
  }
  co_return true;
}

}  // namespace gantry::figma
