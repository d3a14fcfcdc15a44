// Receiver: a request of OTLP, its batch, and the answer once the batch is safe.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "plugins/collect/otlp_receiver/translator.hpp"
#include "tarsier/bus.hpp"
#include "tarsier/http.hpp"
#include "tarsier/metrics.hpp"

namespace tarsier::otlp {

/// Of a request, and so of its answer.
enum class Form : uint8_t { protobuf, json };

class Receiver {
 public:
  /// `host` must outlive it.
  Receiver(const Host& host, Settings settings);

  /// [work, PARALLEL] Answers the exchange, now or when the store has said what became of the samples.
  void take(const http::Request& request, const http::Exchange& exchange);

 private:
  void take(std::span<const uint8_t> message, Form form, const http::Exchange& exchange);
  void answer(const http::Exchange& exchange, Form form, const Result<void>& stored, uint64_t samples, const Refusals& refusals);

  const Host& host_;
  const Settings settings_;
  Counter samples_, refused_;
};

/// What a client is told: the message ExportMetricsServiceResponse, empty when everything is stored.
std::string response_of(const Refusals& refusals, Form form);

}  // namespace tarsier::otlp
