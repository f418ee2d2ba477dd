//! Requests over TLS, to a server whose certificate the test signs.

use std::sync::LazyLock;

use rcgen::CertifiedKey;
use rustls::{RootCertStore, ServerConfig};

use super::*;

/// The certificate of `server.test`, which signs itself.
static CERTIFIED: LazyLock<CertifiedKey<rcgen::KeyPair>> =
    LazyLock::new(|| rcgen::generate_simple_self_signed(["server.test".to_owned()]).unwrap());

fn trusting_the_test() -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CERTIFIED.cert.der().clone()).unwrap();
    Arc::new(tls::trusting(roots))
}

async fn serve_tls() -> SocketAddr {
    let key = CERTIFIED.signing_key.serialize_der().try_into().unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![CERTIFIED.cert.der().clone()], key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            // A client that does not trust the certificate hangs up.
            if let Ok(stream) = acceptor.accept(stream).await {
                serve_stream(stream, |_| async { reply("secret") }).await;
            }
        }
    });
    addr
}

#[tokio::test]
async fn https_reaches_whom_the_certificate_names() {
    let addr = serve_tls().await;
    let hooks = HttpHooks {
        policy: loopback(),
        tls: trusting_the_test,
    };
    let named = request(format!("https://server.test:{}/", addr.port()), empty());
    let (response, _io) = send(&hooks, named, None).await.unwrap();
    assert_eq!(
        response.into_body().collect().await.unwrap().to_bytes(),
        "secret"
    );

    let unnamed = request(format!("https://{addr}/"), empty());
    assert!(matches!(
        send(&hooks, unnamed, None).await,
        Err(Error::Tls(_))
    ));
}

#[tokio::test]
async fn a_certificate_that_nobody_signed_is_a_tls_error() {
    let addr = serve_tls().await;
    let err = refusal(&loopback(), format!("https://server.test:{}/", addr.port())).await;
    assert!(matches!(err, Error::Tls(_)), "{err:?}");
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_a_tls_error() {
    let addr = serve(|_| async { reply("ok") }).await;
    let err = refusal(&loopback(), format!("https://{addr}/")).await;
    assert!(matches!(err, Error::Tls(_)), "{err:?}");
}
