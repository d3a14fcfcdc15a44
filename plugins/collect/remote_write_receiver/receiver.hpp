// Receiver: a request, its batch, and the answer once the batch is safe.
#pragma once

#include <memory>

#include "plugins/collect/remote_write_receiver/answer.hpp"
#include "plugins/collect/remote_write_receiver/content.hpp"
#include "plugins/collect/remote_write_receiver/plain_room.hpp"
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
  /// Version 1, in place when it is plain.
  Result<Made> make_v1(std::string_view body, uint64_t size);
  Result<Made> make_v2(std::string_view body, uint64_t size);
  Result<Made> build(Message message, protobuf::Bytes decoded, Workspace& workspace);
  void answer(const http::Exchange& exchange, Message message, const Answer& answer);

  const Host& host_;
  const uint64_t max_decoded_bytes_;
  Workspaces workspaces_;
  PlainRoom plain_room_;
  Counter samples_, histograms_, exemplars_, refused_;
};

}  // namespace tarsier::remote_write
