// From the body to the bus.
#include "plugins/collect/remote_write_receiver/receiver.hpp"

#include "plugins/collect/remote_write_receiver/plain_request.hpp"
#include "plugins/collect/remote_write_receiver/snappy_block.hpp"
#include "plugins/collect/remote_write_receiver/write_request.hpp"
#include "plugins/collect/remote_write_receiver/write_request_v2.hpp"

namespace tarsier::remote_write {
namespace {

constexpr std::string_view kText = "text/plain; charset=utf-8";

void refuse(const http::Exchange& exchange, uint32_t code, const Error& error) {
  exchange.respond(code, kText, error.message() + "\n");
}

}  // namespace

Receiver::Receiver(const Host& host, uint64_t max_decoded_bytes)
    : host_(host),
      max_decoded_bytes_(max_decoded_bytes),
      samples_(host, "tarsier_remote_write_received_samples_total", "Samples received by remote write and stored."),
      histograms_(host, "tarsier_remote_write_received_histograms_total", "Native histograms received by remote write and stored."),
      exemplars_(host, "tarsier_remote_write_received_exemplars_total",
                 "Exemplars received by remote write and handed to the store."),
      refused_(host, "tarsier_remote_write_refused_total", "Parts of requests that were refused before they came to the store.") {}

void Receiver::take(const http::Request& request, const http::Exchange& exchange) {
  const auto message = message_of(request.header("content-type"), request.header("content-encoding"));
  if (!message) return refuse(exchange, 415, message.error());
  const auto size = decompressed_size(request.body(), max_decoded_bytes_);
  if (!size) return refuse(exchange, size.error().code() == TARSIER_RESOURCE ? 413 : 400, size.error());
  auto made = *message == Message::write_request ? make_v1(request.body(), *size) : make_v2(request.body(), *size);
  if (!made) return refuse(exchange, made.error().code() == TARSIER_INVALID ? 400 : 500, made.error());
  refused_.add(static_cast<double>(made->tally.refused));
  if (made->empty) return answer(exchange, *message, answer_of({}, made->tally));
  auto told = [this, exchange, message = *message, tally = made->tally](const Result<void>& stored) {
    answer(exchange, message, answer_of(stored, tally));
  };
  const auto published = publish(host_, TARSIER_TOPIC_SAMPLES, made->batch, TARSIER_PUBLISH_REQUIRE_STORE, std::move(told));
  if (!published) answer(exchange, *message, answer_of(published, made->tally));
}

Result<Receiver::Made> Receiver::make_v1(std::string_view body, uint64_t size) {
  batch::FlatRoom room = plain_room_.guess(size);
  while (true) {  // a second time at most, with all the room that is needed
    auto samples = batch::FlatSamples::allocate(host_, room);
    if (!samples) return std::move(samples).error();
    if (auto decoded = decompress(body, samples->bytes()); !decoded) return std::move(decoded).error();
    if (!read_plain_request(samples->bytes(), *samples))
      return build(Message::write_request, samples->bytes(), *workspaces_.take());
    room = samples->needed();
    if (!samples->fits()) continue;
    plain_room_.learn(room);
    return Made{.batch = samples->finish(host_.now_ns()), .empty = room.samples == 0, .tally = {.samples = room.samples}};
  }
}

Result<Receiver::Made> Receiver::make_v2(std::string_view body, uint64_t size) {
  const auto workspace = workspaces_.take();
  workspace->message.resize(size);
  if (auto decoded = decompress(body, workspace->message); !decoded) return std::move(decoded).error();
  return build(Message::request_v2, workspace->message, *workspace);
}

Result<Receiver::Made> Receiver::build(Message message, protobuf::Bytes decoded, Workspace& workspace) {
  Made made;
  auto read = message == Message::write_request ? read_write_request(decoded, workspace, made.tally)
                                                : read_request_v2(decoded, workspace, made.tally);
  if (!read) return std::move(read).error();
  made.empty = workspace.builder.series_count() == 0;
  if (made.empty) return made;
  auto batch = tarsier::make_batch(host_, workspace.builder);
  if (!batch) return std::move(batch).error();
  made.batch = std::move(*batch);
  return made;
}

void Receiver::answer(const http::Exchange& exchange, Message message, const Answer& answer) {
  samples_.add(static_cast<double>(answer.samples));
  histograms_.add(static_cast<double>(answer.histograms));
  exemplars_.add(static_cast<double>(answer.exemplars));
  std::vector<std::pair<const char*, std::string>> headers;
  if (!answer.body.empty()) headers.emplace_back("content-type", kText);
  if (answer.retry_after_s > 0) headers.emplace_back("Retry-After", std::to_string(answer.retry_after_s));
  if (message == Message::request_v2) {
    headers.emplace_back("X-Prometheus-Remote-Write-Samples-Written", std::to_string(answer.samples));
    headers.emplace_back("X-Prometheus-Remote-Write-Histograms-Written", std::to_string(answer.histograms));
    headers.emplace_back("X-Prometheus-Remote-Write-Exemplars-Written", std::to_string(answer.exemplars));
  }
  std::vector<tarsier_pair> raw;
  for (const auto& [name, value] : headers) raw.push_back({str(name), str(value)});
  const std::string body = answer.body.empty() ? "" : answer.body + "\n";
  exchange.api()->respond(exchange.raw(), answer.code, raw.data(), static_cast<uint32_t>(raw.size()), bytes(body));
}

}  // namespace tarsier::remote_write
