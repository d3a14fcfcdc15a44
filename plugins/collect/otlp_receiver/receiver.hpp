// Receiver: a request of OTLP, its batch, and the answer once the batch is safe.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "plugins/collect/otlp_receiver/translator.hpp"
#include "tarsier/bus.hpp"
#include "tarsier/grpc.hpp"
#include "tarsier/http.hpp"
#include "tarsier/metrics.hpp"

namespace tarsier::otlp {

/// Of a request, and so of its answer.
enum class Form : uint8_t { protobuf, json };

class Receiver {
 public:
  /// `host` must outlive it.
  Receiver(const Host& host, Settings settings);

  // [work, PARALLEL] Each answers now, or when the store has said what became of the samples.

  /// OTLP/HTTP.
  void take(const http::Request& request, const http::Exchange& exchange);
  /// OTLP/gRPC: the method Export.
  void take(std::string_view message, const grpc::Call& call);

 private:
  /// What became of a request.
  struct Outcome {
    Result<void> stored;
    Refusals refusals = {};
    bool defect = false;  // here: sending it again would not help
  };
  using Told = std::function<void(const Outcome&)>;

  void store(std::span<const uint8_t> message, Told told);
  static void answer(const http::Exchange& exchange, Form form, const Outcome& outcome);
  static void answer(const grpc::Call& call, const Outcome& outcome);

  const Host& host_;
  const Settings settings_;
  Counter samples_, refused_;
};

/// What a client is told: the message ExportMetricsServiceResponse, empty when everything is stored.
std::string response_of(const Refusals& refusals, Form form);
/// How long a client of gRPC is to wait: a google.rpc.Status that holds a RetryInfo.
std::string retry_details(std::string_view message, int64_t seconds);

}  // namespace tarsier::otlp
