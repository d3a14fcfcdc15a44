#include "plugins/collect/otlp_receiver/receiver.hpp"

#include <algorithm>
#include <span>

#include "plugins/collect/otlp_receiver/json_request.hpp"
#include "plugins/lib/json/json_writer.hpp"
#include "plugins/lib/protobuf_wire/wire_writer.hpp"

namespace tarsier::otlp {
namespace {

constexpr std::string_view kText = "text/plain; charset=utf-8";
constexpr std::string_view kProtobuf = "application/x-protobuf";
constexpr std::string_view kJson = "application/json";
constexpr int64_t kSecond = 1'000'000'000;

void refuse(const http::Exchange& exchange, uint32_t code, std::string_view text) {
  exchange.respond(code, kText, std::string(text) + "\n");
}

}  // namespace

std::string response_of(const Refusals& refusals, Form form) {
  if (form == Form::json) {
    json::Writer response;
    response.begin_object();
    if (refusals.points != 0) {
      response.key("partialSuccess").begin_object().key("rejectedDataPoints").string(std::to_string(refusals.points));
      response.key("errorMessage").string(refusals.reasons).end_object();
    }
    response.end_object();
    return response.take();
  }
  if (refusals.points == 0) return {};
  protobuf::WireWriter partial;
  partial.varint(1, refusals.points).text(2, refusals.reasons);
  protobuf::WireWriter response;
  return std::string(response.message(1, partial).text());
}

Receiver::Receiver(const Host& host, Settings settings)
    : host_(host),
      settings_(std::move(settings)),
      samples_(host, "tarsier_otlp_received_samples_total", "Samples received by OTLP and stored."),
      refused_(host, "tarsier_otlp_refused_points_total", "Points of metrics that were refused before they came to the store.") {}

void Receiver::take(const http::Request& request, const http::Exchange& exchange) {
  const std::string_view type = request.header("content-type");
  const std::string_view form = type.substr(0, type.find(';'));
  const std::string_view body = request.body();
  if (form == kProtobuf) return take({reinterpret_cast<const uint8_t*>(body.data()), body.size()}, Form::protobuf, exchange);
  if (form != kJson)
    return refuse(exchange, 400,
                  "unsupported content type: " + std::string(type) + ", supported: [application/json, application/x-protobuf]");
  const auto message = request_from_json(body);
  if (!message) return refuse(exchange, 400, message.error().message());
  take(*message, Form::json, exchange);
}

void Receiver::take(std::span<const uint8_t> message, Form form, const http::Exchange& exchange) {
  batch::SamplesBuilder builder;
  Refusals refusals;
  Translator translator(settings_, builder, refusals);
  const auto read = translator.read(message);
  if (!read) return refuse(exchange, 400, read.error().message());
  const uint64_t samples = builder.sample_count();
  if (builder.series_count() == 0) return answer(exchange, form, {}, 0, refusals);
  auto batch = make_batch(host_, builder);
  if (!batch) return refuse(exchange, 500, batch.error().message());
  auto told = [this, exchange, form, samples, refusals](const Result<void>& stored) {
    answer(exchange, form, stored, samples, refusals);
  };
  const auto published = publish(host_, TARSIER_TOPIC_SAMPLES, *batch, TARSIER_PUBLISH_REQUIRE_STORE, std::move(told));
  if (!published) answer(exchange, form, published, samples, refusals);
}

void Receiver::answer(const http::Exchange& exchange, Form form, const Result<void>& stored, uint64_t samples,
                      const Refusals& refusals) {
  refused_.add(static_cast<double>(refusals.points));
  if (stored) {
    samples_.add(static_cast<double>(samples));
    return exchange.respond(200, form == Form::json ? kJson : kProtobuf, response_of(refusals, form));
  }
  const Error& error = stored.error();
  // Some samples are too old, or not in order; the others are stored.
  if (error.code() == TARSIER_INVALID) return refuse(exchange, 400, error.message());
  // Also when the disk is full: of all answers of a server that fails, clients of OTLP take this one for a reason to send again.
  const std::string seconds = std::to_string(std::max<int64_t>(1, (error.retry_after_ns() + kSecond - 1) / kSecond));
  exchange.respond(503, kText, error.message() + "\n", {{str("Retry-After"), str(seconds)}});
}

}  // namespace tarsier::otlp
