package id.go.contoh;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.security.config.Customizer;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.security.oauth2.client.oidc.web.logout.OidcClientInitiatedLogoutSuccessHandler;
import org.springframework.security.oauth2.client.registration.ClientRegistrationRepository;
import org.springframework.security.oauth2.client.web.DefaultOAuth2AuthorizationRequestResolver;
import org.springframework.security.oauth2.client.web.OAuth2AuthorizationRequestCustomizers;
import org.springframework.security.oauth2.core.oidc.user.OidcUser;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.context.HttpSessionSecurityContextRepository;
import org.springframework.security.web.csrf.CsrfToken;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.util.HtmlUtils;

@SpringBootApplication
@RestController
public class Application {

  public static void main(String[] args) {
    SpringApplication.run(Application.class, args);
  }

  @Bean
  SecurityFilterChain security(HttpSecurity http, ClientRegistrationRepository clients) throws Exception {
    // A client with a secret sends no PKCE unless it is told to.
    var requests = new DefaultOAuth2AuthorizationRequestResolver(clients, "/oauth2/authorization");
    requests.setAuthorizationRequestCustomizer(OAuth2AuthorizationRequestCustomizers.withPkce());
    var home = new OidcClientInitiatedLogoutSuccessHandler(clients);
    home.setPostLogoutRedirectUri("{baseUrl}/");

    return http
        .authorizeHttpRequests(paths -> paths.requestMatchers("/", "/error").permitAll().anyRequest().authenticated())
        .oauth2Login(login -> login
            .authorizationEndpoint(endpoint -> endpoint.authorizationRequestResolver(requests))
            .redirectionEndpoint(endpoint -> endpoint.baseUri("/callback"))
            .defaultSuccessUrl("/", true)
            // "The person went back without signing in" is no error of ours; nor is an answer that comes twice, where the first has signed the person in.
            .failureHandler((request, response, problem) -> {
              var session = request.getSession(false);
              var isSignedIn = session != null && session.getAttribute(HttpSessionSecurityContextRepository.SPRING_SECURITY_CONTEXT_KEY) != null;
              response.sendRedirect(isSignedIn || "access_denied".equals(request.getParameter("error")) ? "/" : "/error");
            }))
        .logout(logout -> logout.logoutSuccessHandler(home))
        .oidcLogout(logout -> logout.backChannel(Customizer.withDefaults()))
        .build();
  }

  @GetMapping(path = "/", produces = "text/html;charset=utf-8")
  String home(@AuthenticationPrincipal OidcUser person, CsrfToken csrf) {
    if (person == null) {
      return "<h1>Contoh Spring Boot</h1><p><a href=\"/oauth2/authorization/siapkerja\">Masuk dengan SIAPkerja</a></p>";
    }
    // Name and e-mail come from userinfo, which Spring asks by itself; the ID token tells only who it is and how they signed in.
    var name = HtmlUtils.htmlEscape(person.getFullName());
    var email = HtmlUtils.htmlEscape(person.getEmail() == null ? "tanpa email" : person.getEmail());
    return """
        <h1>Halo, %s</h1><p>%s</p>
        <form method="post" action="/logout"><input type="hidden" name="%s" value="%s"><button type="submit">Keluar</button></form>
        """.formatted(name, email, csrf.getParameterName(), csrf.getToken());
  }
}
