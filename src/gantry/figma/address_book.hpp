// The addresses of one export's drawings: asked for in full chunks, ahead of the downloads, and
// again, a chunk at a time, when one has expired. Shared by the downloads that use it, which may
// outlive the job that began them. Io thread.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "gantry/figma/client.hpp"

namespace gantry::figma {

class AddressBook : public std::enable_shared_from_this<AddressBook> {
 public:
  // `ids` in the order in which they will be wanted.
  AddressBook(async::any_io_executor executor, async::TaskScope& scope, Client& client,
              std::string file_key, RenderOptions options, std::vector<std::string> ids,
              batch::JobContext context);

  // Asks for every chunk without waiting for the answers, so that downloads never wait for a chunk
  // that could have been asked for earlier. The tasks belong to `scope`.
  void ask_ahead(async::TaskScope& scope);

  bool holds(const std::string& id) const { return chunk_of_.contains(id); }

  // The address of a node. `refused` is one that did not work, or empty. kNotFound for a node that
  // Figma cannot draw.
  async::awaitable<std::string> address(std::string id, std::string refused);

 private:
  struct Chunk {
    std::vector<std::string> ids;
    Addresses addresses;
    bool known = false;
    std::optional<Error> failure;  // of the last question: asking again item by item mends nothing
  };

  async::awaitable<void> ask(std::size_t chunk);
  async::awaitable<void> ask_quietly(std::size_t chunk);
  async::awaitable<bool> fetch(std::size_t chunk);

  Client& client_;
  std::string file_key_;
  RenderOptions options_;
  batch::JobContext context_;
  std::vector<Chunk> chunks_;
  std::unordered_map<std::string, std::size_t> chunk_of_;
  batch::Flights<bool> flights_;
};

}  // namespace gantry::figma
