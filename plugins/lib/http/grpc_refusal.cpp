#include "plugins/lib/http/grpc_refusal.hpp"

#include "tarsier/grpc.hpp"

namespace tarsier::net {

bool speaks_grpc(const Request& request) noexcept {
  return request.http_2 && grpc::is_grpc(find_header(request.headers, "content-type"));
}

Answer grpc_refusal(const Answer& answer) {
  std::string_view message = answer.body;
  while (message.ends_with('\n')) message.remove_suffix(1);
  Answer refusal;
  refusal.headers = {{"content-type", "application/grpc"},
                     {"grpc-status", std::to_string(static_cast<uint32_t>(grpc::code_of_http(answer.code)))},
                     {"grpc-message", grpc::percent_encode(message)}};
  return refusal;
}

}  // namespace tarsier::net
