// Receiver: a request, its batch, and the answer once the batch is safe.
#pragma once

#include <atomic>

#include <memory>

#include "plugins/collect/remote_write_receiver/answer.hpp"
#include "plugins/collect/remote_write_receiver/content.hpp"
#include "plugins/collect/remote_write_receiver/workspace.hpp"
#include "tarsier/bus.hpp"
#include "tarsier/http.hpp"
#include "tarsier/metrics.hpp"

namespace tarsier::remote_write {

class Receiver {
 public:
  /// `host` must outlive it; a request of more than `max_decoded_bytes` when decompressed is refused.
  Receiver(const Host& host, uint64_t max_decoded_bytes);

  /// [work, PARALLEL] Answers the exchange, now or when the store has said what became of the samples.
  void take(const http::Request& request, const http::Exchange& exchange);

 private:
  struct Made {
    Batch batch;
    bool empty = false;  // nothing to store
    Tally tally;
  };
  Result<Made> make_batch(Message message, std::string_view body, uint64_t size);
  void answer(const http::Exchange& exchange, Message message, const Answer& answer);

  const Host& host_;
  const uint64_t max_decoded_bytes_;
  Workspaces workspaces_;
  std::atomic<uint32_t> series_hint_{1024};  // how many series the last request had
  Counter samples_, histograms_, exemplars_, refused_;
};

}  // namespace tarsier::remote_write
