// A TCP client on loopback that does what no HTTP client would: the test writes and reads the
// bytes.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace gantry::testing {

// One connection, used by one thread. Reading gives up after ten seconds.
class RawClient {
 public:
  // `receive_buffer` bytes are what the kernel takes before the test reads; 0: as the system likes.
  explicit RawClient(std::uint16_t port, int receive_buffer = 0);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  // False once the peer has closed.
  bool send(std::string_view bytes);
  // All bytes up to and with `end`; what there was if the peer closed before, or the time was over.
  std::string read_until(std::string_view end);
  // The next `size` bytes, or fewer.
  std::string read(std::size_t size);
  // All up to the end of the connection.
  std::string read_all();
  // Whether the peer closes, or resets, the connection within this time. Drops what comes.
  bool closes_within(std::chrono::milliseconds time);
  void close();

 private:
  bool receive(std::chrono::milliseconds patience);

  int socket_ = -1;
  std::string unread_;
};

}  // namespace gantry::testing
