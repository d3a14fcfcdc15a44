// Receiver: a request of OTLP, its batch, and the answer once the batch is safe.
#pragma once

#include "plugins/collect/otlp_receiver/translator.hpp"
#include "tarsier/bus.hpp"
#include "tarsier/http.hpp"
#include "tarsier/metrics.hpp"

namespace tarsier::otlp {

class Receiver {
 public:
  /// `host` must outlive it.
  Receiver(const Host& host, Settings settings);

  /// [work, PARALLEL] Answers the exchange, now or when the store has said what became of the samples.
  void take(const http::Request& request, const http::Exchange& exchange);

 private:
  void answer(const http::Exchange& exchange, const Result<void>& stored, uint64_t samples, const Refusals& refusals);

  const Host& host_;
  const Settings settings_;
  Counter samples_, refused_;
};

/// What a client is told when not everything is stored: the message ExportMetricsServiceResponse.
std::string partial_success(const Refusals& refusals);

}  // namespace tarsier::otlp
