// Any bytes as ExportMetricsServiceRequest, with settings and form (protobuf, JSON) by the first byte: malformed, or a batch that
// is verified.
#include <cstdlib>
#include <vector>

#include "plugins/collect/otlp_receiver/json_request.hpp"
#include "plugins/collect/otlp_receiver/translator.hpp"
#include "tarsier/batch.hpp"

using namespace tarsier;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::vector<uint8_t> message(data + 1, data + size);  // of exactly this size, so that a read beyond is seen
  if ((data[0] & 32) != 0) {
    auto made = otlp::request_from_json({reinterpret_cast<const char*>(message.data()), message.size()});
    if (!made) return 0;
    message = std::move(*made);
  }
  otlp::Settings settings;
  settings.naming = {.escapes = (data[0] & 1) == 0, .suffixes = (data[0] & 2) == 0};
  settings.custom_buckets = (data[0] & 4) != 0;
  settings.promote_scope = (data[0] & 8) != 0;
  settings.keep_identifying = (data[0] & 16) != 0;
  settings.promoted = {"a"};
  batch::SamplesBuilder builder;
  otlp::Refusals refusals;
  otlp::Translator translator(settings, builder, refusals);
  if (!translator.read(message)) return 0;
  builder.finish(0, [&](batch::Assembly& assembly) {
    std::vector<uint64_t> words(assembly.size() / 8 + 1);
    auto* bytes = reinterpret_cast<uint8_t*>(words.data());
    assembly.write(bytes);
    if (!batch::verify(std::span<const uint8_t>(bytes, assembly.size()))) std::abort();
    return 0;
  });
  return 0;
}
