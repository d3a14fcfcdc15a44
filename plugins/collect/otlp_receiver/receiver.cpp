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

std::span<const uint8_t> bytes_of(std::string_view text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }

int64_t seconds_to_wait(const Error& error) { return std::max<int64_t>(1, (error.retry_after_ns() + kSecond - 1) / kSecond); }

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

std::string retry_details(std::string_view message, int64_t seconds) {
  protobuf::WireWriter delay;
  delay.varint(1, static_cast<uint64_t>(seconds));
  protobuf::WireWriter info;
  info.message(1, delay);
  protobuf::WireWriter any;
  any.text(1, "type.googleapis.com/google.rpc.RetryInfo").text(2, info.text());
  protobuf::WireWriter status;
  status.varint(1, static_cast<uint64_t>(grpc::Code::unavailable)).text(2, message);
  return std::string(status.message(3, any).text());
}

Receiver::Receiver(const Host& host, Settings settings)
    : host_(host),
      settings_(std::move(settings)),
      samples_(host, "tarsier_otlp_received_samples_total", "Samples received by OTLP and stored."),
      refused_(host, "tarsier_otlp_refused_points_total", "Points of metrics that were refused before they came to the store.") {}

void Receiver::take(const http::Request& request, const http::Exchange& exchange) {
  const std::string_view type = request.header("content-type");
  const std::string_view form = type.substr(0, type.find(';'));
  if (form == kProtobuf)
    return store(bytes_of(request.body()), [exchange](const Outcome& outcome) { answer(exchange, Form::protobuf, outcome); });
  if (form != kJson)
    return refuse(exchange, 400,
                  "unsupported content type: " + std::string(type) + ", supported: [application/json, application/x-protobuf]");
  const auto message = request_from_json(request.body());
  if (!message) return refuse(exchange, 400, message.error().message());
  store(*message, [exchange](const Outcome& outcome) { answer(exchange, Form::json, outcome); });
}

void Receiver::take(std::string_view message, const grpc::Call& call) {
  store(bytes_of(message), [call](const Outcome& outcome) { answer(call, outcome); });
}

void Receiver::store(std::span<const uint8_t> message, Told told) {
  batch::SamplesBuilder builder;
  Refusals refusals;
  Translator translator(settings_, builder, refusals);
  if (auto read = translator.read(message); !read) return told({std::move(read)});
  refused_.add(static_cast<double>(refusals.points));
  const uint64_t samples = builder.sample_count();
  if (builder.series_count() == 0) return told({{}, refusals});
  auto batch = make_batch(host_, builder);
  if (!batch) return told({std::move(batch).error(), {}, true});
  const auto outcome_told = [this, told = std::move(told), samples, refusals](const Result<void>& stored) {
    if (stored) samples_.add(static_cast<double>(samples));
    told({stored, refusals});
  };
  const auto published = publish(host_, TARSIER_TOPIC_SAMPLES, *batch, TARSIER_PUBLISH_REQUIRE_STORE, outcome_told);
  if (!published) outcome_told(published);
}

void Receiver::answer(const http::Exchange& exchange, Form form, const Outcome& outcome) {
  if (outcome.stored) return exchange.respond(200, form == Form::json ? kJson : kProtobuf, response_of(outcome.refusals, form));
  const Error& error = outcome.stored.error();
  if (outcome.defect) return refuse(exchange, 500, error.message());
  // Malformed; or some samples are too old, or not in order, and the others are stored.
  if (error.code() == TARSIER_INVALID) return refuse(exchange, 400, error.message());
  // Also when the disk is full: of all answers of a server that fails, clients of OTLP take this one for a reason to send again.
  const std::string seconds = std::to_string(seconds_to_wait(error));
  exchange.respond(503, kText, error.message() + "\n", {{str("Retry-After"), str(seconds)}});
}

void Receiver::answer(const grpc::Call& call, const Outcome& outcome) {
  if (outcome.stored) return call.finish(response_of(outcome.refusals, Form::protobuf));
  const Error& error = outcome.stored.error();
  if (outcome.defect) return call.fail({grpc::Code::internal, error.message()});
  if (error.code() == TARSIER_INVALID) return call.fail({grpc::Code::invalid_argument, error.message()});
  call.fail({grpc::Code::unavailable, error.message(), retry_details(error.message(), seconds_to_wait(error))});
}

}  // namespace tarsier::otlp
