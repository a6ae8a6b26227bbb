// The archive, typed: its API, its gateway to content, its graph.
//
// Every question is a request of the batch engine: asked once, whoever asks. What is named by its
// content is kept for good and checked against its name where the name tells the hash. "There is no
// such thing" (kNotFound) is what a server says with 404 or 410; everything else that goes wrong is
// tried again and then an error, never an absence. Io thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gantry/archive/model.hpp"
#include "gantry/batch/batch_processor.hpp"
#include "gantry/net/client.hpp"

namespace gantry::arke {

inline constexpr const char* kPublicApi = "https://api.arke.institute";
inline constexpr const char* kPublicGateway = "https://ipfs.arke.institute";
inline constexpr const char* kPublicGraph = "https://graphdb-gateway.arke.institute";

struct ClientOptions {
  std::string api_url = kPublicApi;
  std::string gateway_url = kPublicGateway;
  std::string graph_url = kPublicGraph;
  net::RetryPolicy retry;
  std::string budget = "Arke";     // of the admission queue
  std::string pool = "downloads";  // likewise
  net::AttemptObserver* observer = nullptr;
  // What answers are kept in, or null. It outlives the client.
  store::Store* store = nullptr;
  bool offline = false;
};

class Client {
 public:
  // All outlive it; it goes when the tasks of `services.scope` have ended.
  Client(const batch::Services& services, net::Client& http, ClientOptions options);

  async::awaitable<archive::Entity> entity(archive::Pi pi, batch::JobContext job);
  // What the graph tells of an entity; nothing for one that it does not know.
  async::awaitable<std::vector<archive::LinkedEntity>> linked(archive::Pi pi,
                                                              batch::JobContext job);

  // The bytes of these, one outcome each, in their order.
  using Content = batch::Item<std::string>;
  async::awaitable<std::vector<Content>> contents(std::vector<archive::Component> components,
                                                  batch::JobContext job);
  // The same for many, as they are asked for: so many are on their way at a time.
  batch::ItemStream<std::string> stream(std::vector<archive::Component> components,
                                        std::size_t ahead, batch::JobContext job);

  // The bytes, or nothing for content that the gateway does not have. Else the error is thrown.
  std::optional<std::string> text_of(const Content& content, const std::string& what) const;

  std::vector<batch::MetricsSnapshot> metrics() const;
  // Returns when everything that was kept is in the store, or lost.
  async::awaitable<void> flush();

 private:
  struct Call {
    net::HttpRequest request;
    std::string what;  // for messages: "entity 01J..."
    std::function<void(const net::HttpResponse&)> check;
    batch::CallContext context;
  };

  batch::Request<std::string> request_for(const archive::Component& component);
  async::awaitable<std::string> fetch_entity(archive::Pi pi, batch::CallContext context);
  async::awaitable<std::string> fetch_linked(archive::Pi pi, batch::CallContext context);
  async::awaitable<std::string> fetch_content(archive::Component component,
                                              batch::CallContext context);
  async::awaitable<std::string> send(Call call);

  net::Client& http_;
  ClientOptions options_;
  batch::BatchProcessor<std::string> entities_;
  batch::BatchProcessor<std::string> graph_;
  batch::BatchProcessor<std::string> contents_;
};

}  // namespace gantry::arke
